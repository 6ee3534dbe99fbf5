import Documents
import GatewayCore
import HTTPService

/// The digest of the whole state, by which two gateways, or a gateway and a replay, are compared.
extension GatewayAPI {
    static let digestRoutes: [Route] = [.ask("/api/v1/digest", .operatorOnly) { try $0.digest($1) }]

    private struct DigestState {
        var walk = DigestWalk()
        var firstEvent: Int64?
        var lastEvent: Int64 = 0
        var lines: [String] = []
        var lineBytes = 0
        var hasMoved: Bool { firstEvent != lastEvent }
    }

    private static let digestTries = 5
    private static let maximumLineBytes = 64 << 20

    /// `{"digest","firstEvent","lastEvent"}`, with `?lines=true` also the lines. The state must not change while it is read, so a
    /// gateway that receives messages all the time has no digest.
    private func digest(_ request: HTTPRequest) throws -> HTTPResponse {
        let wantsLines = request.queryValue("lines") == "true"
        return try costly(true) {
            for _ in 0..<Self.digestTries {
                let state = try core.walk(DigestState(), hasLeft: request.hasLeft) { core, state in
                    state.lastEvent = core.lastEvent
                    if state.firstEvent == nil { state.firstEvent = core.lastEvent }
                    guard !state.hasMoved, !state.walk.isAtEnd, state.lineBytes <= Self.maximumLineBytes else { return false }
                    let lines = core.digestStep(&state.walk)
                    if wantsLines {
                        state.lines += lines
                        state.lineBytes += lines.reduce(0) { $0 + $1.utf8.count }
                    }
                    return true
                }
                guard state.lineBytes <= Self.maximumLineBytes else {
                    throw Refusal(422, "Too many lines", "They have more than \(Self.maximumLineBytes) bytes; ask without lines.")
                }
                if !state.hasMoved { return Self.answer(state, wantsLines) }
            }
            throw Refusal(409, "The state moves", "Events came while it was read. Ask for a digest when nothing arrives.")
        }
    }

    private static func answer(_ state: DigestState, _ wantsLines: Bool) -> HTTPResponse {
        json { writer in
            writer.member("digest", state.walk.digest)
            writer.member("firstEvent", state.firstEvent)
            writer.member("lastEvent", state.lastEvent)
            if wantsLines { writer.strings("lines", state.lines.sorted()) }
        }
    }
}
