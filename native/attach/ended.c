// How a session ended, as far as anybody knows: nothing is made up for what nobody saw.
#include "ended.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "say.h"

static bool is_session(const char *text) { return strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16; }

// `seconds` since the epoch, in the person's time zone; false where it is not told.
static bool when(struct value seconds, char *text, size_t size) {
  char digits[24] = "";
  if (!json_text(seconds, digits, sizeof digits) || digits[0] == 0) return false;
  time_t at = (time_t)strtoll(digits, NULL, 10);
  struct tm parts;
  return localtime_r(&at, &parts) != NULL && strftime(text, size, "%Y-%m-%d %H:%M:%S", &parts) > 0;
}

bool ended_told(struct value args, const char *rule, char *session) {
  char title[512] = "", id[40] = "", at[64] = "", how[32];
  int number;
  bool ended = strcmp(rule, "session-ended") == 0;
  if (!ended && strcmp(rule, "session-elsewhere") != 0) return false;
  json_text(json_member(args, "title"), title, sizeof title);
  json_text(json_member(args, "session"), id, sizeof id);
  snprintf(session, sizeof id, "%s", is_session(id) ? id : "");
  bool timed = when(json_member(args, "at"), at, sizeof at);
  if (!ended) {
    snprintf(how, sizeof how, "%d", json_number(json_member(args, "pid"), &number) ? number : 0);
    say(LIVES_ELSEWHERE, title, how);
  } else if (json_number(json_member(args, "exit"), &number)) {
    // Shells end like this when a signal ends them, by a hang-up above all.
    const char *name = number > 128 ? sigabbrev_np(number - 128) : NULL;
    snprintf(how, sizeof how, name != NULL ? "%d (SIG%s)" : "%d", number, name);
    say_three(timed ? ENDED_EXIT_AT : ENDED_EXIT, title, how, at);
  } else if (json_number(json_member(args, "signal"), &number)) {
    const char *name = sigabbrev_np(number);
    snprintf(how, sizeof how, name != NULL ? "SIG%s" : "%s%d", name != NULL ? name : "", number);
    say_three(timed ? ENDED_SIGNAL_AT : ENDED_SIGNAL, title, how, at);
  } else {
    say_three(timed ? ENDED_SOMEHOW_AT : ENDED_SOMEHOW, title, NULL, at);
  }
  return true;
}
