import Documents
import HTTPService
import SQLiteStore

/// Every decision, the newest first.
extension GatewayAPI {
    static let journalRoutes: [Route] = [.ask("/api/v1/journal") { try $0.journal($1) }]

    private func journal(_ request: HTTPRequest) throws -> HTTPResponse {
        let limit = try limit(request, 200)
        let since = request.queryValue("since").flatMap { Int64($0) }
        let entries = try history.read {
            try $0.journal(
                device: request.queryValue("device"), kind: request.queryValue("kind"), sinceMilliseconds: since ?? .min, before: .max,
                limit: limit)
        }
        return Self.json { $0.array("journal", of: entries) { $0.raw($1.body) } }
    }
}
