/* A disk that is slow or fails, for one program: LD_PRELOAD it and name a control file in FAULTY_DISK.
 *
 * The file holds numbers that a test changes while the program runs: when writes begin to fail and how many do, with which error, and how
 * long a flush takes. Only files whose name holds "steward.db" are concerned, as SQLite opens them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct control {
    int64_t writes;            /* so far */
    int64_t fail_from;         /* the number of the first write that fails; 0: none */
    int64_t fail_count;        /* how many fail from there on */
    int64_t error;             /* errno of a failed write or flush */
    int64_t flush_milliseconds;
    int64_t failed;            /* so far */
    int64_t flushes_fail;      /* not 0: flushes count as writes, and fail like them */
};

static volatile struct control *control;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTY_DISK");
    int descriptor = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return;
    void *memory = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (memory != MAP_FAILED) control = memory;
}

static int concerns(int descriptor) {
    if (control == NULL) return 0;
    char link[64], name[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length < 0) return 0;
    name[length] = 0;
    return strstr(name, "steward.db") != NULL && strstr(name, ".lock") == NULL;
}

static int fails(void) {
    int64_t number = __sync_add_and_fetch(&control->writes, 1);
    if (control->fail_from == 0 || number < control->fail_from || number >= control->fail_from + control->fail_count) return 0;
    __sync_add_and_fetch(&control->failed, 1);
    errno = (int)control->error;
    return 1;
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (real == NULL) real = dlsym(RTLD_NEXT, "pwrite64");
    if (concerns(descriptor) && fails()) return -1;
    return real(descriptor, bytes, count, offset);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) { return pwrite64(descriptor, bytes, count, offset); }

static int flush(const char *name, int descriptor) {
    int (*real)(int) = dlsym(RTLD_NEXT, name);
    if (concerns(descriptor)) {
        int64_t wait = control->flush_milliseconds;
        if (wait > 0) nanosleep(&(struct timespec){wait / 1000, wait % 1000 * 1000000}, NULL);
        if (control->flushes_fail && fails()) return -1;
    }
    return real(descriptor);
}

int fsync(int descriptor) { return flush("fsync", descriptor); }
int fdatasync(int descriptor) { return flush("fdatasync", descriptor); }
