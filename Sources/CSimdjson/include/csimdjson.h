// A C face over simdjson's DOM parser. The tape it hands out is the one that simdjson documents (doc/tape.md):
// 64-bit words, the type in the high byte, the rest in the low 56 bits.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct csimdjson_parser csimdjson_parser;

typedef struct {
    /// 0 when the document was read; otherwise simdjson's error code.
    int32_t error;
    const uint64_t *tape;
    /// Strings lie here as a 4-byte length (native byte order), the bytes, and a NUL.
    const uint8_t *strings;
} csimdjson_document;

/// How many bytes after the end of a document the parser may read (their values do not matter).
size_t csimdjson_padding(void);
/// NULL when memory is short.
csimdjson_parser *csimdjson_parser_new(size_t maximum_bytes, size_t maximum_depth);
void csimdjson_parser_free(csimdjson_parser *parser);
/// The result points into the parser and holds until its next call.
csimdjson_document csimdjson_parse(csimdjson_parser *parser, const uint8_t *bytes, size_t count);
/// A short English reason for an error code.
const char *csimdjson_error_message(int32_t error);

#ifdef __cplusplus
}
#endif
