// The sentences, and the choice of language.
#include "say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
  const char *english, *chinese;
} TEXT[SENTENCES] = {
    [USAGE] = {"Usage: isolab-attach --socket PATH [--root DIR] [--node PATH --cli PATH [--for COMMAND]] TICKET",
               "用法：isolab-attach --socket PATH [--root DIR] [--node PATH --cli PATH [--for COMMAND]] TICKET"},
    [NO_HELPER] = {"No Isolab helper answers at %1 (%2). Start it with “isolab helper” or from the editor.",
                   "%1 处没有 Isolab 助手应答（%2）。请用 “isolab helper” 或在编辑器中启动它。"},
    [SOCKET_TOO_LONG] = {"The socket path %1 is longer than a socket address can be.", "套接字路径 %1 超出套接字地址的长度。"},
    [WRONG_SERVER] = {"The program behind %1 runs as uid %2, neither root nor you; nothing was handed to it.",
                      "%1 背后的程序以 uid %2 运行，既不是 root 也不是您本人；未向它交出任何东西。"},
    [HELPER_GONE] = {"The Isolab helper ended before it answered. Start it again and open the shell anew.",
                     "Isolab 助手在应答之前已结束。请重新启动它并再次打开终端。"},
    [HELPER_SILENT] = {"The Isolab helper did not answer within %1 seconds.", "Isolab 助手在 %1 秒内没有应答。"},
    [HELPER_GARBLED] = {"What answers at %1 does not speak as an Isolab helper does.", "%1 处的应答不符合 Isolab 助手的协议。"},
    [NOT_SERVED] = {"This helper does not serve you: it belongs to another user.", "此助手不为您服务：它属于另一位用户。"},
    [OTHER_VERSION] = {"This helper is of another version. End it with “isolab shutdown” and try again.",
                       "此助手是其他版本。请用 “isolab shutdown” 结束它后重试。"},
    [TICKET_VOID] = {"This ticket is void: used already, older than 30 seconds, or not yours, and nothing more is known of its "
                     "shell. Open a new one.",
                     "此凭证无效：已被使用、超过 30 秒，或不属于您；关于它的终端也没有更多记录。请打开新的终端。"},
    [ENDED_EXIT] = {"“%1” has ended with exit status %2.", "“%1” 已结束，退出状态为 %2。"},
    [ENDED_EXIT_AT] = {"“%1” ended with exit status %2 on %3.", "“%1” 已于 %3 结束，退出状态为 %2。"},
    [ENDED_SIGNAL] = {"“%1” was ended by %2.", "“%1” 已被信号 %2 终止。"},
    [ENDED_SIGNAL_AT] = {"“%1” was ended by %2 on %3.", "“%1” 已于 %3 被信号 %2 终止。"},
    [ENDED_SOMEHOW] = {"“%1” has ended; how and when is unknown.", "“%1” 已结束；结束的方式和时间未知。"},
    [ENDED_SOMEHOW_AT] = {"“%1” ended on %3; how is unknown.", "“%1” 已于 %3 结束；结束的方式未知。"},
    [LIVES_ELSEWHERE] = {"“%1” still runs as process %2, in another terminal or without one.",
                         "“%1” 仍在运行（进程 %2），位于另一个终端或没有终端。"},
    [NOTHING_TO_REOPEN] = {"It cannot be opened anew: what it was to enter is gone, or nothing is known of it any more (%2).",
                           "无法重新打开：它要进入的对象已不存在，或已没有关于它的记录（%2）。"},
    [REOPEN_REFUSED] = {"It cannot be opened anew: the helper refused (%1 %2).", "无法重新打开：助手拒绝了请求（%1 %2）。"},
    [PRESS_TO_REOPEN] = {"Press Enter to open it anew, any other key to close this terminal.",
                         "按 Enter 重新打开，按其他任意键关闭此终端。"},
    [PRESS_TO_RETRY] = {"Press Enter to try again, any other key to close this terminal.",
                        "按 Enter 重试，按其他任意键关闭此终端。"},
    [PRESS_TO_CLOSE] = {"Press any key to close this terminal.", "按任意键关闭此终端。"},
    [STEP_FAILED] = {"Nothing was started: the step “%1” failed: %2.", "未启动：步骤 “%1” 失败：%2。"},
    [STEP_REFUSED] = {"Nothing was started: the step “%1” was refused.", "未启动：步骤 “%1” 被拒绝。"},
    [REQUEST_REFUSED] = {"The helper refused the request (%1 %2).", "助手拒绝了请求（%1 %2）。"},
    [NO_PROGRAM] = {"The program %1 was not found in there.", "在其中找不到程序 %1。"},
    [NOT_RUNNABLE] = {"The program %1 cannot be run: %2.", "程序 %1 无法运行：%2。"},
    [NO_INTERPRETER] = {"The program is there, but what it needs to run is missing: %1.", "程序存在，但缺少运行它所需的文件：%1。"},
    [TERMINAL_KEPT] = {"The terminal could not be handed over: %1.", "无法交出终端：%1。"},
    [NO_PTY] = {"No pseudo-terminal could be opened: %1.", "无法打开伪终端：%1。"},
    [NO_ROOT] = {"The root directory %1 cannot be opened: %2.", "无法打开根目录 %1：%2。"},
    [NO_DIRECTORY] = {"The working directory %1 cannot be entered in there: %2.", "无法在其中进入工作目录 %1：%2。"},
    [HIDDEN_PART] = {"Without root there is no new %1 here: %2 hides a part of the one there is, as containers do.",
                     "没有 root 时，此处无法挂载新的 %1：%2 遮住了现有的一部分，容器通常如此。"},
    [LAUNCHER_GONE] = {"The launcher ended without saying how the program did.", "启动程序已结束，但未报告程序的退出状态。"},
    [MONITOR_GONE] = {"The connection ended without a word on how the program did; it may still run.",
                      "连接已断开，但未报告程序的状态；它可能仍在运行。"},
    [TOO_SLOW] = {"This terminal did not keep up with the output and was let go; the program goes on.",
                  "此终端跟不上输出，已被断开；程序仍在运行。"},
    [DETACHED] = {"Detached; the program goes on.", "已分离；程序仍在运行。"},
    [SYSTEM_CALL] = {"%1 failed: %2.", "%1 失败：%2。"},
};

static int in_chinese(void) {
  static const char *const NAMES[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
    const char *value = getenv(NAMES[i]);
    if (value != NULL && value[0] != 0) return strncmp(value, "zh", 2) == 0;
  }
  return 0;
}

// Words from elsewhere must not steer the terminal.
static void plainly(FILE *out, const char *text) {
  for (; text != NULL && *text != 0; text++) {
    unsigned char byte = (unsigned char)*text;
    if (byte < 0x20 || byte == 0x7f) {
      fprintf(out, "\\x%02x", byte);
    } else {
      fputc(byte, out);
    }
  }
}

void say(enum sentence which, const char *first, const char *second) { say_three(which, first, second, NULL); }

void say_three(enum sentence which, const char *first, const char *second, const char *third) {
  const char *const words[] = {first, second, third};
  char *line = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&line, &size);
  if (out == NULL) return;
  for (const char *at = in_chinese() ? TEXT[which].chinese : TEXT[which].english; *at != 0; at++) {
    if (at[0] == '%' && at[1] >= '1' && at[1] <= '3') {
      plainly(out, words[*++at - '1']);
    } else {
      fputc(*at, out);
    }
  }
  // The terminal may be in raw mode.
  fputs(isatty(2) ? "\r\n" : "\n", out);
  fclose(out);
  if (line != NULL && write(2, line, size) < 0) _exit(1);
  free(line);
}
