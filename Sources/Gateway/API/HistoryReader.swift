import HTTPService
import SQLiteStore
import Telemetry

/// Reads what the writer has committed, on a connection of its own, from the HTTP threads.
final class HistoryReader: @unchecked Sendable {
    // @unchecked: the reader is used only with the monitor's lock held.
    private let reader: StoreReader
    private let monitor = Monitor()
    /// A connection for the figures alone, so that `/metrics` waits for no long listing.
    private let counter: StoreReader
    private let counterMonitor = Monitor()

    init(path: String) throws {
        reader = try StoreReader(path: path)
        counter = try StoreReader(path: path)
    }

    func statistics() -> StoreStatistics? { counterMonitor.withLock { try? counter.statistics() } }

    func read<Result>(_ body: (StoreReader) throws -> Result) rethrows -> Result { try monitor.withLock { try body(reader) } }
}

extension GatewayAPI {
    static let maximumSamples = 100_000

    /// `{"device","metric","unit","samples":[[ms,value],…]}`, oldest first: closed chunks from the store and the open one from the core.
    func samples(_ request: HTTPRequest) -> HTTPResponse {
        let device = request.parameters["id"] ?? ""
        let metric = request.parameters["metric"] ?? ""
        let from = request.queryValue("from").flatMap { Int64($0) } ?? Clock.wallMilliseconds() - 30 * 86_400_000
        let to = request.queryValue("to").flatMap { Int64($0) } ?? .max
        guard let answer = core.ask({ $0.openSamples(device: device, metric: metric) }) else { return Self.unavailable }
        guard let answer else { return Self.unknown("metric", device + "/" + metric) }
        var open = answer.samples
        var waiting = core.uncommittedChunks(device: device, metric: metric)
        var samples: [Sample] = []
        do {
            let chunks = try history.read { try $0.chunks(device: device, metric: metric, fromMilliseconds: from, throughMilliseconds: to) }
            for chunk in chunks {
                let closed = try chunk.bytes.withUnsafeBytes { try SampleChunk.decode($0, count: chunk.count) }
                // The open chunk may have been closed between the two questions; then its samples would come twice.
                if closed.starts(with: open) { open = [] }
                waiting.removeAll { $0.bytes == chunk.bytes }
                samples += closed
                guard samples.count <= Self.maximumSamples else {
                    return .problem(
                        status: 422, title: "Too many samples",
                        detail: "More than \(Self.maximumSamples) samples lie between from and to; ask for a shorter time.")
                }
            }
            for chunk in waiting {
                let closed = try chunk.bytes.withUnsafeBytes { try SampleChunk.decode($0, count: Int(chunk.count)) }
                if closed.starts(with: open) { open = [] }
                samples += closed
            }
        } catch {
            return .problem(status: 500, title: "The history cannot be read", detail: "\(error)")
        }
        samples += open
        // Late readings are kept in the order of their arrival.
        samples.sort { $0.timeMilliseconds < $1.timeMilliseconds }
        // A message that was taken in part and replayed tells the same once more.
        var last: Sample?
        samples.removeAll { sample in
            defer { last = sample }
            return sample == last
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("device", device)
        writer.member("metric", metric)
        writer.member("unit", answer.unit)
        writer.key("samples")
        writer.beginArray()
        for sample in samples where sample.timeMilliseconds >= from && sample.timeMilliseconds <= to {
            writer.beginArray()
            writer.integer(sample.timeMilliseconds)
            writer.number(sample.value)
            writer.endArray()
        }
        writer.endArray()
        writer.endObject()
        return .json(writer.bytes)
    }

    func journal(_ request: HTTPRequest) -> HTTPResponse {
        let limit = Self.number(request, "limit", 200, 1...10_000)
        guard limit <= Self.openLimit || isOperator(request) else { return Self.needsCredential(request) }
        let since = request.queryValue("since").flatMap { Int64($0) }
        do {
            let entries = try history.read {
                try $0.journal(
                    device: request.queryValue("device"), kind: request.queryValue("kind"), sinceMilliseconds: since ?? .min, before: .max,
                    limit: limit)
            }
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("journal")
            writer.beginArray()
            for entry in entries { writer.raw(entry.body) }
            writer.endArray()
            writer.endObject()
            return .json(writer.bytes)
        } catch {
            return .problem(status: 500, title: "The journal cannot be read", detail: "\(error)")
        }
    }

    func deadLetters(_ request: HTTPRequest) -> HTTPResponse {
        // Each may hold a large payload.
        let limit = Self.number(request, "limit", 100, 1...1000)
        guard limit <= 100 || isOperator(request) else { return Self.needsCredential(request) }
        do {
            let letters = try history.read { try $0.deadLetters(limit: limit) }
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("deadLetters")
            writer.beginArray()
            for letter in letters {
                writer.beginObject()
                writer.member("id", letter.id)
                writer.member("event", letter.event)
                writer.member("arrival", letter.arrivalMilliseconds)
                writer.member("topic", String(decoding: letter.topic, as: UTF8.self))
                writer.member("bytes", letter.payload.count)
                writer.member("payload", String(decoding: letter.payload.prefix(200), as: UTF8.self))
                writer.member("reason", letter.reason)
                writer.member("profile", letter.profile)
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
            return .json(writer.bytes)
        } catch {
            return .problem(status: 500, title: "The dead letters cannot be read", detail: "\(error)")
        }
    }
}
