/* Preloaded into the gateway by the clock tests: to this one program the system's clock says something else, and the kernel says whether it is
   synchronised. The machine's clock stays as it is. CLOCK_FILE names a file of three 64-bit numbers, which may change at any time: what is
   added to the system's clock, what is added to the clocks that nobody sets (as if so much time had passed), both in milliseconds, and 1 for a
   synchronised clock. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *state;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CLOCK_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) abort();
    void *page = mmap(0, 24, PROT_READ, MAP_SHARED, file, 0);
    if (page == MAP_FAILED) abort();
    close(file);
    state = page;
}

static void move(struct timespec *time, int64_t milliseconds) {
    int64_t nanoseconds = time->tv_nsec + milliseconds % 1000 * 1000000;
    time->tv_sec += milliseconds / 1000;
    if (nanoseconds < 0) { nanoseconds += 1000000000; time->tv_sec--; }
    if (nanoseconds >= 1000000000) { nanoseconds -= 1000000000; time->tv_sec++; }
    time->tv_nsec = nanoseconds;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int code = syscall(SYS_clock_gettime, clock, time);
    if (code != 0 || !state) return code;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) move(time, state[0]);
    if (clock == CLOCK_BOOTTIME) move(time, state[1]);
    return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

int adjtimex(struct timex *answer) {
    answer->status = state && state[2] ? 0 : STA_UNSYNC;
    return answer->status ? TIME_ERROR : TIME_OK;
}
