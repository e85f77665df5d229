// The one conversation with the helper: greet, redeem the ticket, understand the answer.
#ifndef ISOLAB_HELPER_H
#define ISOLAB_HELPER_H

struct request {
  const char *socket;  // path
  const char *ticket;
  int stdio[3];
  int link;
  int root;     // -1: none
  int signals;  // signalfd; what arrives there ends the wait
};

// Connects and checks who serves. Returns the connection, or -1 when told why not; `pid` is the server's.
int helper_connect(const struct request *request, int *pid);
// Returns 0 when the program runs, else what to exit with (told why).
int helper_attach(const struct request *request, int connection);

#endif
