import CMosquitto
import Glibc

/// What belongs to the library as a whole: its one-time start, its words for errors, and the turning of codes into errors.
enum MosquittoLibrary {
    /// `mosquitto_lib_init` is not thread-safe; a static is initialised exactly once. It is never undone: the
    /// library is needed as long as the process lives.
    private static let initialisationCode: Int32 = mosquitto_lib_init()

    static func initialise() throws(MQTTError) {
        try check(initialisationCode, "initialise")
    }

    static func text(of code: Int32) -> String { String(cString: mosquitto_strerror(code)) }

    /// The one place where a return code of the library becomes a thrown error.
    static func check(_ code: Int32, _ operation: String) throws(MQTTError) {
        let systemError = errno
        guard code == MOSQ_ERR_SUCCESS.rawValue else {
            throw MQTTError.ofLibrary(code, systemError: systemError, operation: operation)
        }
    }
}
