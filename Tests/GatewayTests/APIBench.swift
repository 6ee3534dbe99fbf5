import CSQLite
import Foundation
import GatewayCore
import HTTPService
import SQLiteStore
import Threading

@testable import Gateway

/// The API without a socket: a store of its own, and a core that answers nobody until it is started.
final class APIBench {
    let directory: TemporaryDirectory
    let store: Store
    let api: GatewayAPI
    let worker: CoreWorker
    let mailbox: ControlMailbox
    private let progress = UnsafeMutablePointer<Int64>.allocate(capacity: 4)
    private let router: Router
    private let token: String
    private var isStarted = false

    init(configuration text: String = "") throws {
        directory = try TemporaryDirectory()
        progress.initialize(repeating: 0, count: 4)
        var configuration = try ConfigurationReader.read(Array("{\(text)}".utf8), file: "test.json")
        configuration.store.path = directory.url.appending(path: "s.db").path
        store = try Store(path: configuration.store.path)
        let statistics = GatewayStatistics()
        let wake = try WakeEvent()
        mailbox = ControlMailbox(wake: wake)
        let profiles = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "DeviceProfiles").path
        guard let core = StewardCore(configuration: CoreConfiguration(), profiles: try ProfileLoader.load([profiles])) else {
            throw CancellationError()
        }
        worker = CoreWorker(core: core, statistics: statistics, progress: progress, onOutput: {})
        api = try GatewayAPI(
            configuration: configuration, core: worker, mailbox: mailbox, statistics: statistics,
            reloads: ReloadRequests(wake: wake, inEffect: []))
        token = try String(contentsOf: directory.url.appending(path: "operator.token"), encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        router = api.router()
    }

    deinit {
        if isStarted { worker.stop() }
        progress.deallocate()
    }

    func start() throws {
        isStarted = true
        try worker.start()
    }

    func ask(_ method: HTTPMethod, _ path: String, body: String = "", headers: [(String, String)] = []) -> HTTPResponse {
        router.handle(
            HTTPRequest(
                method: method, path: path.split(separator: "/").map(String.init),
                headers: HTTPHeaders([("Authorization", "Bearer " + token)] + headers), body: Array(body.utf8)))
    }

    /// Changes the store from beside, so that what reads a table finds it gone.
    func rename(table: String, to name: String) {
        var connection: OpaquePointer?
        sqlite3_open(directory.url.appending(path: "s.db").path, &connection)
        sqlite3_exec(connection, "ALTER TABLE \(table) RENAME TO \(name)", nil, nil, nil)
        sqlite3_close(connection)
    }
}
