// What isolab-attach tells people, in English or Simplified Chinese by LC_ALL, LC_MESSAGES or LANG.
#ifndef ISOLAB_SAY_H
#define ISOLAB_SAY_H

enum sentence {
  USAGE,
  NO_HELPER,
  SOCKET_TOO_LONG,
  WRONG_SERVER,
  HELPER_GONE,
  HELPER_SILENT,
  HELPER_GARBLED,
  NOT_SERVED,
  OTHER_VERSION,
  TICKET_VOID,
  ENDED_EXIT,
  ENDED_EXIT_AT,
  ENDED_SIGNAL,
  ENDED_SIGNAL_AT,
  ENDED_SOMEHOW,
  ENDED_SOMEHOW_AT,
  LIVES_ELSEWHERE,
  NOTHING_TO_REOPEN,
  REOPEN_REFUSED,
  PRESS_TO_REOPEN,
  PRESS_TO_RETRY,
  PRESS_TO_CLOSE,
  STEP_FAILED,
  STEP_REFUSED,
  REQUEST_REFUSED,
  NO_PROGRAM,
  NOT_RUNNABLE,
  NO_INTERPRETER,
  TERMINAL_KEPT,
  NO_PTY,
  NO_ROOT,
  NO_DIRECTORY,
  HIDDEN_PART,
  LAUNCHER_GONE,
  MONITOR_GONE,
  TOO_SLOW,
  DETACHED,
  SYSTEM_CALL,
  SENTENCES
};

// One line on standard error; %1 and %2 of the sentence are `first` and `second`. Control characters are made visible.
void say(enum sentence which, const char *first, const char *second);
// The same for a sentence with %3.
void say_three(enum sentence which, const char *first, const char *second, const char *third);

#endif
