import Gateway
import Glibc
import Outbound
import TerminalProgram
import Threading

/// Changes: each has an id, under which the gateway can be asked whether it was recorded when no answer comes.
extension APIClient {
    /// How long the gateway is asked for the outcome of a change.
    private static let patienceMilliseconds: Int64 = 15_000

    /// The body of the answer to `POST /api/v1/PATH` with a JSON body. Throws with exit code 4 when nobody knows whether it was recorded.
    func post(_ path: [String], _ body: [UInt8]) throws -> [UInt8] {
        let key = try requestID ?? Self.newID()
        let address = try address(path, [])
        let result = send(.post, address, body: body, headers: [(name: "Idempotency-Key", value: key)])
        switch result {
        case .response(let response) where response.status != 504: return try self.body(response)
        case .failure(let failure) where failure.kind == .connectionFailed || failure.kind == .nameNotFound: throw advice(failure)
        default: break
        }
        switch outcome(of: key) {
        case .recorded:
            // Sent again under the same id it changes nothing, and gets the first answer again.
            let repeated = send(.post, address, body: body, headers: [(name: "Idempotency-Key", value: key)])
            guard case .response(let response) = repeated else { return Array(#"{"recorded":true,"request":"\#(key)"}"#.utf8) }
            return try self.body(response)
        case .notRecorded: throw CommandFailure("it was not recorded, and nothing was done; send it again")
        case nil:
            throw CommandFailure(
                "it is not known whether it was recorded. Send the same again with --request-id \(key): it counts once",
                exitCode: .unknown)
        }
    }

    private enum Outcome {
        case recorded
        case notRecorded
    }

    /// Whether the gateway has recorded a change; nil when it does not tell in time.
    private func outcome(of key: String) -> Outcome? {
        let deadline = Clock.monotonicMilliseconds() + Self.patienceMilliseconds
        repeat {
            if let answer = try? APIValue(parsing: get(["requests", key])) {
                switch answer["state"].string {
                case "recorded": return .recorded
                case "notRecorded": return .notRecorded
                default: break
                }
            }
            usleep(250_000)
        } while Clock.monotonicMilliseconds() < deadline
        return nil
    }

    private static func newID() throws -> String {
        "cli-" + (try Digests.randomBytes(count: 12)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
