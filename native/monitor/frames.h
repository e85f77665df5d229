// Frames between an attached client and the monitor, over a stream socket: type, three zero bytes, length (big-endian, 32
// bits), payload.
#ifndef ISOLAB_FRAMES_H
#define ISOLAB_FRAMES_H

enum frame {
  FRAME_INPUT,     // from the client; never more than INPUT_WINDOW bytes that are not yet FRAME_TAKEN
  FRAME_OUTPUT,    // to the client
  FRAME_ERROR,     // to the client
  FRAME_SIZE,      // from the client: rows, columns, 16 bits each, big-endian
  FRAME_SIGNAL,    // from the client: one byte
  FRAME_END,       // from the client: no more input
  FRAME_STATUS,    // to the client, the last: {"exit":N} or {"signal":N}
  FRAME_DETACHED,  // from the client: it goes and the program stays; to the client, the last: {"reason":"slow"}
  FRAME_TAKEN,     // to the client: that many bytes of input have found their way, 32 bits, big-endian
};

enum {
  FRAME_HEAD = 8,
  INPUT_WINDOW = 65536,
  LONGEST_INPUT = 16384,   // payload from a client
  LONGEST_OUTPUT = 65536,  // payload to a client
};

#endif
