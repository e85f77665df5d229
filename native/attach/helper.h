// The one conversation with the helper: greet, redeem the ticket, understand the answer.
#ifndef ISOLAB_HELPER_H
#define ISOLAB_HELPER_H

#include <stdbool.h>

#include "relay.h"
#include "words.h"

// What a person in front of the terminal may still do after a refusal.
enum again {
  NEVER,
  READ_IT,  // the words are all there is
  RETRY,    // once a helper runs
  REOPEN,   // the session that ended, `request.session`
};

struct request {
  const char *socket;  // path
  char ticket[40];
  char session[40];  // to be begun anew before the ticket is redeemed; empty: none
  int stdio[3];
  int link;
  int root;     // -1: none
  int signals;  // signalfd; what arrives there ends the wait
  enum again again;
  struct words words;
  struct relay relay;  // from the answer
};

// 32 hexadecimal digits.
bool is_ticket(const char *text);
// Connects and checks who serves. Returns the connection, or -1 when told why not; `pid` is the server's.
int helper_connect(struct request *request, int *pid);
// Returns 0 when the program runs, else what to exit with (told why).
int helper_attach(struct request *request, int connection);

#endif
