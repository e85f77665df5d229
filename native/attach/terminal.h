// The terminal of isolab-attach: handed over as it is, or relayed through a pseudo-terminal of our own.
#ifndef ISOLAB_TERMINAL_H
#define ISOLAB_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

#include "say.h"

struct terminal {
  int input, output;    // the outer terminal, -1 where nothing is relayed
  int master, slave;    // ours, -1 likewise
  int handed;           // the terminal that was handed over, still watched for its end; -1 where none was
  bool raw;             // the outer terminal is in raw mode
  struct termios saved;
};

// We are all there is in this terminal, as in an editor's; asked before it is handed over.
bool terminal_is_ours(void);
// The signal that came, where it is to end us; 0 for one that only matters to a program that runs: a new size, which that
// will ask for by itself.
int terminal_ending_signal(int signals);
// Asks for a key and returns the next that is pressed; NO_KEY when the terminal is closed or a signal comes that is to end us (`signals`: a signalfd
// or -1). What was typed before is thrown away, and the answers that a terminal gives by itself are no keys.
enum key { NO_KEY, ENTER, ANOTHER };
enum key terminal_key(int signals, enum sentence asking);
// Decides for descriptors 0-2 and fills `stdio` with what the program shall have. False when told why not.
bool terminal_prepare(struct terminal *terminal, int stdio[3]);
// What was prepared is taken back: the terminal is wholly ours, to be read and written here.
void terminal_keep(struct terminal *terminal);
// The outer terminal passes every key on, and back as it was.
void terminal_raw(struct terminal *terminal);
void terminal_restore(struct terminal *terminal);
void terminal_resize(const struct terminal *terminal);

#endif
