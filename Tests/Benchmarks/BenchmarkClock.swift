import Glibc

/// Seconds of the monotonic clock.
enum BenchmarkClock {
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    static func seconds(of body: () -> Void) -> Double {
        let begin = now
        body()
        return now - begin
    }
}
