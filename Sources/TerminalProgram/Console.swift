import Glibc
import Synchronization

/// The two streams of the process. Nothing is buffered here: who prints many small pieces gathers them first.
package enum Console {
    private static let outputError = Atomic<Int32>(0)

    package static func print(_ text: String) { print(bytes: Array(text.utf8)) }

    /// A JSON document, with what a terminal would obey escaped, and a line feed at its end.
    package static func print(json: [UInt8]) { print(bytes: JSONText.visible(json)) }

    package static func print(bytes: [UInt8]) {
        let error = write(bytes, to: STDOUT_FILENO)
        if error != 0 { outputError.store(error, ordering: .relaxed) }
    }

    /// A line on standard error.
    package static func error(_ line: String) { _ = write(Array((line + "\n").utf8), to: STDERR_FILENO) }

    /// Why standard output could not take all that was printed, such as a full disk; nil when it took it.
    package static var outputFailure: String? {
        let error = outputError.load(ordering: .relaxed)
        return error == 0 ? nil : String(cString: strerror(error))
    }

    /// The error number, or 0.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written >= 0 {
                    rest = rest.dropFirst(written)
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }
}
