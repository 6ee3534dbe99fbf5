import CMosquitto
import Glibc

/// An eventfd: a descriptor that poll() sees as readable once signalled.
struct WakeDescriptor: ~Copyable, Sendable {
    let rawValue: Int32

    init() throws(MQTTError) {
        let descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else {
            throw MQTTError.ofLibrary(MOSQ_ERR_ERRNO.rawValue, systemError: errno, operation: "make an eventfd")
        }
        rawValue = descriptor
    }

    deinit { close(rawValue) }

    func signal() {
        var one: UInt64 = 1
        // It fails only when 2^64 signals are unread, and then the descriptor is readable anyway.
        _ = write(rawValue, &one, 8)
    }

    func clear() {
        var count: UInt64 = 0
        _ = read(rawValue, &count, 8)
    }
}
