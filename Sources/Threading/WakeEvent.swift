import Glibc

/// A pipe that interrupts another thread's poll. (Swift's module of glibc has no eventfd.)
public final class WakeEvent: Sendable {
    /// Readable once signalled, until it is cleared.
    public let descriptor: Int32
    /// For a signal handler, which may call `write` but nothing else.
    public let writeDescriptor: Int32

    public init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError("open a pipe", errno) }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (descriptor, writeDescriptor) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(writeDescriptor)
    }

    /// A full pipe is as good as one byte: the reader is woken.
    public func signal() {
        var one: UInt8 = 1
        _ = write(writeDescriptor, &one, 1)
    }

    public func clear() {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { bytes in
            while read(descriptor, bytes.baseAddress, bytes.count) == bytes.count {}
        }
    }

    /// Waits for a signal, which stays until it is cleared; false after `timeoutMilliseconds`, and -1 waits without an end.
    @discardableResult
    public func wait(timeoutMilliseconds: Int64) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&request, 1, Int32(clamping: timeoutMilliseconds))
            if count >= 0 || errno != EINTR { return count > 0 }
        }
    }
}
