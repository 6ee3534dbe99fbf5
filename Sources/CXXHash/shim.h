#pragma once
// All of XXH3 is inlined from the header: nothing more is linked.
#define XXH_INLINE_ALL
#include <xxhash.h>
#include <stdint.h>

static inline uint64_t steward_xxh3(const void *bytes, size_t count, uint64_t seed) {
    return XXH3_64bits_withSeed(bytes, count, seed);
}
