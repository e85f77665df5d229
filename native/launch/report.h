// What goes wrong, is noted, or is ready: one message each, from whichever process of ours finds out, to the channel.
#ifndef ISOLAB_REPORT_H
#define ISOLAB_REPORT_H

#include <stdbool.h>
#include <sys/types.h>

enum message_type { FAILURE, NOTE, PROGRAM, OFFSETS, READY, TERMINAL, EXECUTING };

struct message {
  enum message_type type;
  int error;  // errno, 0 where no system call failed
  pid_t pid;  // of PROGRAM
  char step[32];
  char hint[32];
  char path[512];  // or, of a FAILURE with `said`, what a program said
  bool said;
};

// From here on this process is the child: messages go to its parent over `socket` (SOCK_SEQPACKET).
void report_through(int socket);

// Sends a message to the parent; dies silently when the parent is gone, for then nothing may run.
void report(enum message_type type, pid_t pid);
// The master of the program's terminal, for the parent to keep.
void report_terminal(int master);
// The parent's side: the next message, with the descriptor that came with it or -1. False when there will be none.
bool report_receive(int socket, struct message *message, int *descriptor);
// Something failed that the program can run without.
void report_note(const char *note, const char *path);
// The parent's side: writes a FAILURE or NOTE as a JSON line to the channel.
void report_print(const struct message *message);

// The ways to give up; none returns.
_Noreturn void die(const char *step);                          // a rule was broken
_Noreturn void die_errno(const char *step, const char *path);  // a system call failed; path may be NULL
_Noreturn void die_mount(const char *step, const char *path);  // a mount failed: with path and a hint at the usual cause
_Noreturn void die_said(const char *step, const char *said);   // a program failed, with its own words

#endif
