import CoreViews
import Documents
import GatewayCore
import HTTPService
import SQLiteStore
import Synchronization
import Threading

/// How the gateway is: health, figures, status, and the page for people.
extension GatewayAPI {
    static let statusRoutes: [Route] = [
        Route(method: .get, pattern: "/healthz", access: .open) { _, _ in .text("ok\n") },
        Route(method: .get, pattern: "/readyz", access: .open) { api, _ in api.readiness() },
        .ask("/metrics") { api, _ in api.metrics() },
        .ask("/") { try $0.page($1) },
        .ask("/api/v1/status") { api, _ in .json(api.status()) },
    ]

    private func page(_ request: HTTPRequest) throws -> HTTPResponse {
        let page = StatusPage.render(
            status: status(), devices: try devices(offset: 0, after: nil, limit: 500, hasLeft: request.hasLeft),
            alarms: try page(.alarms, ListingFilter(), limit: 100, hasLeft: request.hasLeft),
            orders: try page(.orders, ListingFilter(), limit: 50, hasLeft: request.hasLeft),
            actions: try page(.actions, ListingFilter(), limit: 50, hasLeft: request.hasLeft))
        return HTTPResponse(contentType: "text/html; charset=utf-8", body: page)
    }

    private func status() -> [UInt8] {
        JSONWriter.object { writer in
            writer.member("gateway", configuration.gatewayID)
            writer.member("version", StewardVersion.current)
            writer.member("time", Clock.wallMilliseconds())
            writer.member("uptimeSeconds", statistics.uptimeMilliseconds / 1000)
            writer.object("clock") { writer in
                writer.member("steps", statistics.clockSteps.load(ordering: .relaxed))
                writer.member("differenceMilliseconds", statistics.clockDifference.load(ordering: .relaxed))
            }
            writer.object("broker") { writer in
                writer.member("host", configuration.mqtt.host)
                writer.member("port", configuration.mqtt.port)
                let isConnected = statistics.isConnected.load(ordering: .relaxed)
                writer.member("connected", isConnected)
                if isConnected { writer.member("since", statistics.connectedSince.load(ordering: .relaxed)) }
                statistics.subscriptions.withLock { $0 }.write(to: &writer)
            }
            writer.object("store") { writer in
                writer.member("path", configuration.store.path)
                writer.member("writable", statistics.isStoreWritable.load(ordering: .relaxed))
                guard let store = history.statistics() else { return }
                writer.member("bytes", store.fileBytes)
                writer.member("historySamples", store.historySamples)
                writer.member("historyBytes", store.historyBytes)
                writer.member("outboxOpen", store.outboxOpen)
            }
            writer.spliceMembers(of: core.publishedFigures().status)
        }
    }

    func readiness() -> HTTPResponse {
        var reasons: [String] = []
        if !statistics.isConnected.load(ordering: .relaxed) {
            reasons.append("no connection to the broker")
        } else if let problem = statistics.subscriptions.withLock(\.problem) {
            // Also where only some topic filters are refused: the gateway does not receive everything.
            reasons.append(problem)
        }
        if !statistics.isStoreWritable.load(ordering: .relaxed) {
            reasons.append("the store takes no commits: " + (statistics.storeTrouble ?? "no reason is known"))
        }
        // The gateway goes on by its own time, so it is ready, but a person should look.
        let clock = statistics.clockDifference.load(ordering: .relaxed)
        let note = clock == 0 ? "" : "the system's clock differs by \(clock) ms and is not followed yet\n"
        return reasons.isEmpty
            ? .text("ready\n" + note) : .problem(status: 503, title: "Not ready", detail: reasons.joined(separator: "; "))
    }
}
