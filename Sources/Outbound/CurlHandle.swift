import CCurl
import Synchronization

/// libcurl could not be set up; there is no memory.
public struct CurlUnavailable: Error, CustomStringConvertible {
    public var description: String { "libcurl could not be set up; check the memory of this machine" }
}

/// One easy handle of libcurl: it makes one transfer at a time, and keeps connections open for the next.
final class CurlHandle: Sendable {
    /// The handle as a bit pattern, because pointers are not Sendable; the mutex keeps it to one thread at a time.
    private let address: Mutex<UInt>
    private let cancelled = Atomic<Bool>(false)

    /// Once for the process; Swift initialises statics under a lock, which curl_global_init wants.
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init() throws(CurlUnavailable) {
        guard Self.isLibraryReady, let easy = curl_easy_init() else { throw CurlUnavailable() }
        address = Mutex(UInt(bitPattern: easy))
    }

    deinit { address.withLock { curl_easy_cleanup(UnsafeMutableRawPointer(bitPattern: $0)) } }

    /// Breaks off the transfer, within a second or so, and refuses later ones: for shutting down.
    func cancel() { cancelled.store(true, ordering: .relaxed) }
    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    /// How a transfer ended.
    struct Outcome {
        var code: CURLcode
        /// The last status or reply of the server; 0 when none came.
        var reply = 0
        var retryAfterSeconds: Int64?
        /// libcurl's words for the code, and what else it says of this case.
        var reason = ""
    }

    /// Makes one transfer and waits for its end.
    /// - Parameters:
    ///   - lines: the values of the list option `list`, such as header lines.
    ///   - prepare: sets the options that are the transfer's own.
    func perform(
        _ transfer: CurlTransfer, list: CURLoption, lines: [String], prepare: (inout CurlSettings) -> Void
    ) -> Outcome {
        address.withLock { address in
            guard let easy = UnsafeMutableRawPointer(bitPattern: address) else { return Outcome(code: CURLE_FAILED_INIT) }
            var values: UnsafeMutablePointer<curl_slist>?
            defer { curl_slist_free_all(values) }
            for line in lines {
                guard let longer = curl_slist_append(values, line) else {
                    return Outcome(code: CURLE_OUT_OF_MEMORY, reason: "out of memory")
                }
                values = longer
            }
            // Connections and names survive a reset, options do not: nothing of one transfer can leak into the next.
            curl_easy_reset(easy)
            var settings = CurlSettings(easy: easy)
            settings.setCommon(transfer)
            settings.list(list, values)
            prepare(&settings)
            let code = withExtendedLifetime(transfer) {
                transfer.errorText.withUnsafeMutableBufferPointer { text in
                    settings.pointer(CURLOPT_ERRORBUFFER, text.baseAddress.map { UnsafeRawPointer($0) })
                    defer {
                        // The handle outlives these.
                        _ = steward_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, nil)
                        _ = steward_curl_set_list(easy, list, nil)
                    }
                    return settings.failure ?? curl_easy_perform(easy)
                }
            }
            var outcome = Outcome(code: code, reason: transfer.reason(code))
            _ = steward_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &outcome.reply)
            var retryAfter: curl_off_t = 0
            _ = steward_curl_get_offset(easy, CURLINFO_RETRY_AFTER, &retryAfter)
            if retryAfter > 0 { outcome.retryAfterSeconds = Int64(retryAfter) }
            return outcome
        }
    }
}

/// What the callbacks of one transfer work on; they run within curl_easy_perform, on its thread.
class CurlTransfer {
    private let handle: CurlHandle
    fileprivate var errorText = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))

    init(_ handle: CurlHandle) { self.handle = handle }

    /// Takes bytes of the answer. Returns how many were taken; fewer than given end the transfer.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Int { bytes.count }

    /// A line of the answer's head. Returns `count`, or less to end the transfer.
    func receiveHeader(_ count: Int) -> Int { count }

    /// Fills `room` with what is to be sent. Returns the number of bytes; 0 at the end.
    func send(into room: UnsafeMutableRawBufferPointer) -> Int { 0 }

    fileprivate var isCancelled: Bool { handle.isCancelled }

    fileprivate func reason(_ code: CURLcode) -> String {
        let general = String(cString: curl_easy_strerror(code))
        let detail = String(decoding: errorText.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return detail.isEmpty || detail == general ? general : "\(general): \(detail)"
    }

    fileprivate static func of(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
        context.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// Sets options, and remembers the first that failed, so that each call need not be checked.
struct CurlSettings {
    private let easy: UnsafeMutableRawPointer
    private(set) var failure: CURLcode?

    init(easy: UnsafeMutableRawPointer) { self.easy = easy }

    private mutating func check(_ code: CURLcode) {
        if code != CURLE_OK, failure == nil { failure = code }
    }

    mutating func long(_ option: CURLoption, _ value: Int) { check(steward_curl_set_long(easy, option, value)) }
    mutating func offset(_ option: CURLoption, _ value: Int64) { check(steward_curl_set_offset(easy, option, Int(value))) }
    mutating func string(_ option: CURLoption, _ value: String) { check(steward_curl_set_string(easy, option, value)) }
    mutating func pointer(_ option: CURLoption, _ value: UnsafeRawPointer?) { check(steward_curl_set_pointer(easy, option, value)) }
    mutating func list(_ option: CURLoption, _ value: UnsafeMutablePointer<curl_slist>?) {
        check(steward_curl_set_list(easy, option, value))
    }

    /// At least 1 ms, as 0 means no limit to libcurl; at most a day.
    mutating func seconds(_ option: CURLoption, _ seconds: Double) {
        long(option, seconds.isFinite ? Int(min(max(seconds * 1_000, 1), 86_400_000)) : 86_400_000)
    }

    /// What holds for every transfer: certificates are verified, proxies of the environment are not used, and the callbacks.
    fileprivate mutating func setCommon(_ transfer: CurlTransfer) {
        // Signals belong to the shell; libcurl would use SIGALRM for time-outs.
        long(CURLOPT_NOSIGNAL, 1)
        string(CURLOPT_PROXY, "")
        long(CURLOPT_SSL_VERIFYPEER, 1)
        long(CURLOPT_SSL_VERIFYHOST, 2)
        // CURL_SSLVERSION_TLSv1_2.
        long(CURLOPT_SSLVERSION, 6)
        check(
            steward_curl_set_bytes_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                CurlTransfer.of(context)?.receive(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : size * count)) ?? 0
            })
        check(
            steward_curl_set_bytes_callback(easy, CURLOPT_HEADERFUNCTION) { _, size, count, context in
                CurlTransfer.of(context)?.receiveHeader(size * count) ?? 0
            })
        check(
            steward_curl_set_bytes_callback(easy, CURLOPT_READFUNCTION) { bytes, size, count, context in
                CurlTransfer.of(context)?.send(into: UnsafeMutableRawBufferPointer(start: bytes, count: bytes == nil ? 0 : size * count))
                    ?? 0
            })
        check(
            steward_curl_set_progress_callback(easy) { context, _, _, _, _ in CurlTransfer.of(context)?.isCancelled == true ? 1 : 0 })
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        for option in [CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_READDATA, CURLOPT_XFERINFODATA] { pointer(option, context) }
        long(CURLOPT_NOPROGRESS, 0)
    }
}
