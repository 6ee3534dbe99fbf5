import CMicroHTTPD
import Synchronization

/// One request on its way in. libmicrohttpd calls the access handler once with the headers, then with each piece of the body, then
/// once more for the answer; this object carries what came from call to call. Only one thread at a time calls for one request.
final class Exchange: @unchecked Sendable {
    // @unchecked: only the library's thread touches it, but for `answer`, which has a lock, and for what never changes.
    enum Phase {
        case awaitingHead
        case receiving(HTTPRequest)
        /// Decided already; the body is read and dropped so that the client, busy sending, gets to see the answer.
        case draining(HTTPResponse)
        /// A worker has it; the connection is suspended until its answer is there.
        case working
        case answered
    }

    /// The target as it came: the library's own decoding cuts at `%00` and hides which slashes were encoded.
    let target: [UInt8]
    let entry: ConnectionTable.Entry
    var phase = Phase.awaitingHead
    var receivedBytes = 0
    /// Bytes of the answer on its way to the client.
    var responseBytes = 0
    /// What the worker leaves for the library's thread.
    let answer = Mutex<HTTPResponse?>(nil)

    init(target: [UInt8], entry: ConnectionTable.Entry) {
        self.target = target
        self.entry = entry
    }

    /// Takes a piece of the body. False: so much was sent against the limit that the connection is not worth keeping.
    func receive(_ bytes: UnsafeRawBufferPointer, limit: Int, drainLimit: Int, tooLarge: () -> HTTPResponse) -> Bool {
        let (total, overflow) = receivedBytes.addingReportingOverflow(bytes.count)
        if overflow || total > drainLimit { return false }
        receivedBytes = total
        guard case .receiving(var request) = phase else { return true }
        if total > limit {
            phase = .draining(tooLarge().with("Connection", "close"))
        } else {
            // The phase lets go of the request while it grows, so that the body is appended to in place, not copied.
            phase = .answered
            request.body.append(contentsOf: bytes)
            phase = .receiving(request)
        }
        return true
    }
}

extension HTTPHeaders {
    /// The header fields of a request, in order, bytes that are not UTF-8 replaced.
    init(connection: OpaquePointer) {
        self.init()
        withUnsafeMutablePointer(to: &self) { headers in
            _ = MHD_get_connection_values_n(
                connection, .HEADER_KIND,
                { context, _, name, nameBytes, value, valueBytes in
                    let text = { (start: UnsafePointer<CChar>?, count: Int) in
                        String(decoding: UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count), as: UTF8.self)
                    }
                    context?.assumingMemoryBound(to: HTTPHeaders.self).pointee.add(text(name, nameBytes), text(value, valueBytes))
                    return .YES
                }, headers)
        }
    }
}

extension HTTPResponse {
    /// Queues the response; the library copies the body. False if it refuses a header, a line feed in it say.
    func queue(on connection: OpaquePointer) -> Bool {
        let response = body.withUnsafeBytes { bytes in
            MHD_create_response_from_buffer(bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress), .RESPMEM_MUST_COPY)
        }
        guard let response else { return false }
        defer { MHD_destroy_response(response) }
        for field in headers.fields where MHD_add_response_header(response, field.name, field.value) != .YES { return false }
        return MHD_queue_response(connection, UInt32(clamping: status), response) == .YES
    }
}
