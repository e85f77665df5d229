// Attached clients: what they are shown, and what they send.
#ifndef ISOLAB_CLIENTS_H
#define ISOLAB_CLIENTS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames.h"

enum { MAX_CLIENTS = 32, KEYS = INPUT_WINDOW, IN = FRAME_HEAD + LONGEST_INPUT, OUT = FRAME_HEAD + LONGEST_OUTPUT + 256 };
// What a client is attached with; as in helper/sys/launch-plan.ts.
enum { WANTS_INPUT = 1, WANTS_OUTPUT = 2, WANTS_ERROR = 4, LOSSLESS = 8 };

struct client {
  int fd;  // -1: free
  uint32_t flags;
  bool leaving;            // as soon as `out` is sent
  bool input_over;         // it gives no more
  uint32_t taken;          // bytes of input to acknowledge
  size_t keys_size;        // input not yet written to the program
  size_t in_size;          // of an unfinished frame
  size_t out_size, out_at;  // what its socket did not take
  unsigned char *keys, *in, *out;  // of KEYS, IN and OUT bytes
};

// What a frame asks for; called while a client's socket is read.
struct orders {
  void (*resize)(uint16_t rows, uint16_t columns);
  void (*signal)(int number);
  // A client goes that has typed something: now or never.
  void (*last_keys)(struct client *client);
  // A client has gone; `detached`: it said so before.
  void (*gone)(const struct client *client, bool detached);
};

extern struct client clients[MAX_CLIENTS];
void clients_start(const struct orders *orders);
// Takes the descriptor over; false where there are too many.
bool clients_add(int fd, uint32_t flags);
bool clients_any(void);
// One of them must lose nothing and has not read what there is: the program's output stays where it is.
bool clients_hold(void);
// One entry for each place in `clients`.
void clients_watch(struct pollfd *watched);
void clients_serve(const struct pollfd *watched);
// `type`: FRAME_OUTPUT or FRAME_ERROR; at most LONGEST_OUTPUT bytes.
void clients_show(enum frame type, const unsigned char *bytes, size_t size);
// The program is gone: their sockets shall take all that is left, whether they read or not.
void clients_expand(void);
// The last frame for everybody.
void clients_tell(const char *status);
// A while for it to be taken.
void clients_finish(void);

#endif
