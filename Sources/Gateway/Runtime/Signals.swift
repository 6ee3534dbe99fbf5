import Glibc
import Synchronization
import Threading

/// SIGTERM, SIGINT and SIGHUP as flags. A handler may do next to nothing: it sets the flag and wakes the loop.
enum Signals {
    static let wantsStop = Atomic<Bool>(false)
    static let wantsReload = Atomic<Bool>(false)
    // Written once before the handlers are installed.
    nonisolated(unsafe) private static var wakeDescriptor: Int32 = -1

    static func install(waking wake: WakeEvent) {
        wakeDescriptor = wake.writeDescriptor
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGTERM, SIGINT, SIGHUP] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                if number == SIGHUP {
                    Signals.wantsReload.store(true, ordering: .relaxed)
                } else {
                    Signals.wantsStop.store(true, ordering: .relaxed)
                }
                var one: UInt8 = 1
                _ = write(Signals.wakeDescriptor, &one, 1)
            }
            sigaction(number, &action, nil)
        }
    }
}
