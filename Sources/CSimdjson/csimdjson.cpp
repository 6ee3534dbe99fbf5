#include "csimdjson.h"

#include <new>
#include <simdjson.h>

using namespace simdjson;

struct csimdjson_parser {
    dom::parser parser;
    explicit csimdjson_parser(size_t maximum_bytes) : parser(maximum_bytes) {}
};

extern "C" size_t csimdjson_padding(void) { return SIMDJSON_PADDING; }

extern "C" csimdjson_parser *csimdjson_parser_new(size_t maximum_bytes, size_t maximum_depth) {
    auto *made = new (std::nothrow) csimdjson_parser(maximum_bytes);
    if (made == nullptr) return nullptr;
    // A first allocation fixes the depth bound: a deeper document is answered with DEPTH_ERROR.
    if (made->parser.allocate(4096 < maximum_bytes ? 4096 : maximum_bytes, maximum_depth) != SUCCESS) {
        delete made;
        return nullptr;
    }
    return made;
}

extern "C" void csimdjson_parser_free(csimdjson_parser *parser) { delete parser; }

extern "C" csimdjson_document csimdjson_parse(csimdjson_parser *parser, const uint8_t *bytes, size_t count) {
    csimdjson_document result = {0, nullptr, nullptr};
    dom::element root;
    error_code error = parser->parser.parse(bytes, count, false).get(root);
    result.error = error;
    if (error == SUCCESS) {
        result.tape = parser->parser.doc.tape.get();
        result.strings = parser->parser.doc.string_buf.get();
    }
    return result;
}

extern "C" const char *csimdjson_error_message(int32_t error) {
    return error_message(static_cast<error_code>(error));
}
