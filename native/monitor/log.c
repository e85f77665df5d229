// Lines as Kubernetes' container runtimes write them: F for a whole line, P for a part that did not end in a newline. The
// newest file is `log`, older ones `log.1` and so on.
#include "log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_LINE = 16384, BATCH = 32768, MAX_PREFIX = 64 };

static struct {
  int directory, file;
  size_t size, limit;
  unsigned count;
  unsigned char lines[2][MAX_LINE];  // unfinished, by stream
  size_t line_size[2];
  unsigned char batch[BATCH];
  size_t batch_size;
} journal = {.directory = -1, .file = -1};

void log_start(int directory, size_t size, unsigned count) {
  journal.directory = directory;
  journal.limit = size;
  journal.count = count;
}

void log_reopen(void) {
  if (journal.file >= 0) close(journal.file);
  journal.file = -1;
}

static void rotate(void) {
  char from[32], to[32];
  log_reopen();
  for (unsigned at = journal.count - 1; at > 0; at--) {
    snprintf(to, sizeof to, "log.%u", at);
    snprintf(from, sizeof from, at == 1 ? "log" : "log.%u", at - 1);
    renameat(journal.directory, from, journal.directory, to);
  }
  if (journal.count == 1) unlinkat(journal.directory, "log", 0);
}

static void open_file(void) {
  struct stat found;
  journal.file = openat(journal.directory, "log", O_CREAT | O_APPEND | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
  journal.size = journal.file >= 0 && fstat(journal.file, &found) == 0 ? (size_t)found.st_size : 0;
}

static void write_batch(void) {
  size_t size = journal.batch_size;
  journal.batch_size = 0;
  if (size == 0) return;
  if (journal.file < 0) open_file();
  if (journal.size > 0 && journal.size + size > journal.limit) {
    rotate();
    open_file();
  }
  if (journal.file < 0) return;
  ssize_t put = write(journal.file, journal.batch, size);
  if (put == (ssize_t)size) {
    journal.size += size;
  } else if (put > 0 && ftruncate(journal.file, (off_t)journal.size) < 0) {
    // The disk is full, and half a line stands: what comes later is still told apart by its time.
    journal.size += (size_t)put;
  }
}

static void add_line(int stream, char tag) {
  struct timespec now;
  struct tm parts;
  if (journal.batch_size + MAX_PREFIX + journal.line_size[stream] + 1 > BATCH) write_batch();
  char *at = (char *)journal.batch + journal.batch_size;
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &parts);
  size_t size = strftime(at, MAX_PREFIX, "%Y-%m-%dT%H:%M:%S", &parts);
  size += (size_t)snprintf(at + size, MAX_PREFIX - size, ".%09ldZ %s %c ", now.tv_nsec, stream == 0 ? "stdout" : "stderr", tag);
  memcpy(at + size, journal.lines[stream], journal.line_size[stream]);
  size += journal.line_size[stream];
  at[size++] = '\n';
  journal.batch_size += size;
  journal.line_size[stream] = 0;
}

void log_write(int stream, const unsigned char *bytes, size_t size) {
  if (journal.directory < 0) return;
  for (const unsigned char *end = bytes + size; bytes < end;) {
    size_t room = MAX_LINE - journal.line_size[stream], left = (size_t)(end - bytes);
    const unsigned char *newline = memchr(bytes, '\n', left < room ? left : room);
    size_t part = newline != NULL ? (size_t)(newline - bytes) : left < room ? left : room;
    memcpy(journal.lines[stream] + journal.line_size[stream], bytes, part);
    journal.line_size[stream] += part;
    bytes += part + (newline != NULL ? 1 : 0);
    if (newline != NULL) {
      add_line(stream, 'F');
    } else if (journal.line_size[stream] == MAX_LINE) {
      add_line(stream, 'P');
    }
  }
  write_batch();
}

void log_finish(void) {
  for (int stream = 0; stream < 2; stream++) {
    if (journal.line_size[stream] > 0) add_line(stream, 'P');
  }
  write_batch();
  log_reopen();
}
