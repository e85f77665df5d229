// The log of a container: lines `TIME stdout|stderr F|P TEXT`, in files of bounded size and number.
#ifndef ISOLAB_LOG_H
#define ISOLAB_LOG_H

#include <stddef.h>

// `directory`: descriptor, -1 for no log at all.
void log_start(int directory, size_t size, unsigned count);
// `stream`: 0 for stdout, 1 for stderr.
void log_write(int stream, const unsigned char *bytes, size_t size);
// Unfinished lines are written as parts.
void log_finish(void);
// The file is closed; the next line opens `log` again, whatever has become of it.
void log_reopen(void);

#endif
