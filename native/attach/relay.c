// One poll loop between descriptors 0-2 and the monitor's frames. Nothing here blocks on any one of them, so that a signal
// or a new size passes while the other side is slow.
#include "relay.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../monitor/frames.h"
#include "busy.h"
#include "json.h"
#include "say.h"

enum { CTRL_P = 0x10, CTRL_Q = 0x11, RUNNING = -1 };

struct stream {
  const struct relay *relay;
  struct terminal *terminal;
  int link;
  int status;        // what to exit with, RUNNING until then
  bool reading;      // our standard input
  bool held;         // ^P came, ^Q may follow
  size_t under_way;  // bytes of input not yet taken
  size_t out_size;   // frames for the monitor that did not go out
  size_t in_size, in_shown;  // from the monitor; the part of the first frame's payload that is shown
  unsigned char out[2 * (FRAME_HEAD + LONGEST_INPUT)];
  unsigned char in[FRAME_HEAD + LONGEST_OUTPUT];
};

static void flush(struct stream *stream) {
  ssize_t put = send(stream->link, stream->out, stream->out_size, MSG_NOSIGNAL | MSG_DONTWAIT);
  // A monitor that is gone shows itself when it is read.
  if (put <= 0) return;
  stream->out_size -= (size_t)put;
  memmove(stream->out, stream->out + put, stream->out_size);
}

static void send_frame(struct stream *stream, enum frame type, const void *bytes, size_t size) {
  unsigned char head[FRAME_HEAD] = {(unsigned char)type, 0, 0, 0, 0, 0, (unsigned char)(size >> 8), (unsigned char)size};
  // Only with thousands of signals before any of them goes out.
  if (stream->out_size + FRAME_HEAD + size > sizeof stream->out) return;
  memcpy(stream->out + stream->out_size, head, FRAME_HEAD);
  if (size > 0) memcpy(stream->out + stream->out_size + FRAME_HEAD, bytes, size);
  stream->out_size += FRAME_HEAD + size;
  flush(stream);
}

static void send_size(struct stream *stream) {
  struct winsize size;
  int outer = stream->terminal->output >= 0 ? stream->terminal->output : stream->terminal->input;
  if (!stream->relay->tty || outer < 0 || ioctl(outer, TIOCGWINSZ, &size) < 0) return;
  unsigned char bytes[4] = {(unsigned char)(size.ws_row >> 8), (unsigned char)size.ws_row,
                            (unsigned char)(size.ws_col >> 8), (unsigned char)size.ws_col};
  send_frame(stream, FRAME_SIZE, bytes, sizeof bytes);
}

// Takes ^P^Q out of what was typed. Returns the length that is left; sets `status` where they came.
static size_t without_detach(struct stream *stream, const unsigned char *typed, size_t size, unsigned char *keys) {
  size_t count = 0;
  for (size_t i = 0; i < size; i++) {
    if (stream->held && typed[i] == CTRL_Q) {
      stream->status = 0;
      return count;
    }
    if (stream->held) keys[count++] = CTRL_P;
    stream->held = typed[i] == CTRL_P;
    if (!stream->held) keys[count++] = typed[i];
  }
  return count;
}

static void read_input(struct stream *stream) {
  // One more for a ^P that was held back.
  unsigned char typed[LONGEST_INPUT - 1], keys[LONGEST_INPUT];
  const unsigned char *bytes = typed;
  size_t room = INPUT_WINDOW - stream->under_way - 1;
  ssize_t got = read(0, typed, room < sizeof typed ? room : sizeof typed);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    stream->reading = false;
    // In raw mode a key never means the end: the terminal itself is gone.
    if (stream->terminal->raw) stream->status = 128 + SIGHUP;
    else send_frame(stream, FRAME_END, NULL, 0);
    return;
  }
  size_t size = (size_t)got;
  if (stream->terminal->raw) {
    size = without_detach(stream, typed, size, keys);
    bytes = keys;
  }
  if (size > 0) send_frame(stream, FRAME_INPUT, bytes, size);
  stream->under_way += size;
  if (stream->status == 0) {
    send_frame(stream, FRAME_DETACHED, NULL, 0);
    terminal_restore(stream->terminal);
    say(DETACHED, NULL, NULL);
  }
}

static int ended(const unsigned char *bytes, size_t size) {
  struct value status = json_parse((const char *)bytes, size);
  int number;
  if (json_number(json_member(status, "exit"), &number)) return number & 0xff;
  if (json_number(json_member(status, "signal"), &number)) return (128 + number) & 0xff;
  return say(MONITOR_GONE, NULL, NULL), 1;
}

// The frame at the front, if it is whole: done with, or as much of it as can be shown now. False when more must come first.
static bool take_frame(struct stream *stream, bool ready[3]) {
  const unsigned char *head = stream->in, *bytes = head + FRAME_HEAD;
  if (stream->in_size < FRAME_HEAD) return false;
  size_t size = (size_t)head[4] << 24 | (size_t)head[5] << 16 | (size_t)head[6] << 8 | head[7];
  if (size > LONGEST_OUTPUT || head[1] != 0 || head[2] != 0 || head[3] != 0) {
    stream->status = (say(MONITOR_GONE, NULL, NULL), 1);
    return false;
  }
  if (stream->in_size < FRAME_HEAD + size) return false;
  int to = head[0] == FRAME_ERROR ? 2 : 1;
  switch (head[0]) {
    case FRAME_OUTPUT:
    case FRAME_ERROR:
      if (stream->in_shown < size) {
        // As much as goes into whatever is ready without waiting (pipe(7)).
        size_t part = size - stream->in_shown < PIPE_BUF ? size - stream->in_shown : PIPE_BUF;
        if (!ready[to]) return false;
        ready[to] = false;
        ssize_t put = write(to, bytes + stream->in_shown, part);
        if (put < 0 && errno != EAGAIN && errno != EINTR) stream->status = 128 + SIGPIPE;
        if (put > 0) stream->in_shown += (size_t)put;
        if (stream->in_shown < size) return false;
      }
      break;
    case FRAME_STATUS: stream->status = ended(bytes, size); break;
    case FRAME_DETACHED: stream->status = (say(TOO_SLOW, NULL, NULL), 1); break;
    case FRAME_TAKEN:
      if (size == 4) {
        size_t taken = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
        stream->under_way -= taken < stream->under_way ? taken : stream->under_way;
      }
      break;
    default: break;
  }
  stream->in_shown = 0;
  stream->in_size -= FRAME_HEAD + size;
  memmove(stream->in, bytes + size, stream->in_size);
  return stream->status == RUNNING;
}

static void read_link(struct stream *stream) {
  ssize_t got = recv(stream->link, stream->in + stream->in_size, sizeof stream->in - stream->in_size, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    stream->status = (say(MONITOR_GONE, NULL, NULL), 1);
  } else {
    stream->in_size += (size_t)got;
  }
}

static void take_signal(struct stream *stream, int signals) {
  struct signalfd_siginfo signal;
  if (read(signals, &signal, sizeof signal) != sizeof signal) return;
  unsigned char number = (unsigned char)signal.ssi_signo;
  bool tty = stream->relay->tty;
  switch (number) {
    case SIGWINCH: send_size(stream); break;
    case SIGTSTP:
      terminal_restore(stream->terminal);
      raise(SIGSTOP);
      break;
    case SIGCONT:
      if (tty) terminal_raw(stream->terminal);
      send_size(stream);
      break;
    case SIGUSR1:
    case SIGUSR2:
      if (tty) busy_set(number == SIGUSR1);
      else send_frame(stream, FRAME_SIGNAL, &number, 1);
      break;
    default:
      // With a terminal of its own the program gets its signals from there; these are for us.
      if (tty) stream->status = 128 + number;
      else send_frame(stream, FRAME_SIGNAL, &number, 1);
  }
}

// The descriptor that the first frame waits for; 0 when it is not output, or not whole.
static int wanted_output(const struct stream *stream) {
  if (stream->in_size < FRAME_HEAD || stream->in[0] < FRAME_OUTPUT || stream->in[0] > FRAME_ERROR) return 0;
  size_t size = (size_t)stream->in[4] << 24 | (size_t)stream->in[5] << 16 | (size_t)stream->in[6] << 8 | stream->in[7];
  return stream->in_size < FRAME_HEAD + size ? 0 : stream->in[0] == FRAME_ERROR ? 2 : 1;
}

int relay_run(const struct relay *relay, struct terminal *terminal, int link, int signals) {
  static struct stream stream;
  stream = (struct stream){.relay = relay, .terminal = terminal, .link = link, .status = RUNNING, .reading = relay->input};
  if (relay->tty && relay->input) terminal_raw(terminal);
  send_size(&stream);
  while (stream.status == RUNNING) {
    int output = wanted_output(&stream);
    bool types = stream.reading && stream.out_size == 0 && stream.under_way + 1 < INPUT_WINDOW;
    bool reads = output == 0 && stream.in_size < sizeof stream.in;
    struct pollfd watched[] = {
        {.fd = link, .events = (short)((reads ? POLLIN : 0) | (stream.out_size > 0 ? POLLOUT : 0))},
        {.fd = signals, .events = POLLIN},
        {.fd = types ? 0 : -1, .events = POLLIN},
        {.fd = output > 0 ? output : -1, .events = POLLOUT},
    };
    if (poll(watched, 4, -1) < 0 && errno != EINTR) return 1;
    if (watched[1].revents != 0) take_signal(&stream, signals);
    if ((watched[0].revents & POLLOUT) != 0) flush(&stream);
    if (reads && (watched[0].revents & ~POLLOUT) != 0) read_link(&stream);
    if (watched[2].revents != 0 && stream.status == RUNNING) read_input(&stream);
    bool ready[3] = {false};
    if (output > 0) ready[output] = watched[3].revents != 0;
    while (stream.status == RUNNING && take_frame(&stream, ready)) continue;
  }
  terminal_restore(terminal);
  busy_set(false);
  return stream.status;
}
