#pragma once
#include <zlib.h>

/* deflateInit2 is a macro, which Swift can't call. Raw deflate, as ZIP has it: no header of its own (zlib.h, windowBits). */
static inline int czlib_deflate_begin(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
}
