import CoreViews
import Documents
import GatewayCore
import HTTPService
import SQLiteStore
import SampleCodec
import Threading

/// Reads what the writer has committed, on a connection of its own, from the HTTP threads.
final class HistoryReader: @unchecked Sendable {
    // @unchecked: the reader is used only with the monitor's lock held.
    private let reader: StoreReader
    private let monitor = Monitor()
    /// A second connection for statistics, so that `/metrics` does not wait for a long listing.
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
    func samples(_ request: HTTPRequest) throws -> HTTPResponse {
        let (device, metric) = (request.parameter("id"), request.parameter("metric"))
        let from = request.queryValue("from").flatMap { Int64($0) } ?? Clock.wallMilliseconds() - 30 * 86_400_000
        let to = request.queryValue("to").flatMap { Int64($0) } ?? .max
        guard let answer = try core.ask({ $0.openSamples(device: device, metric: metric) }) else {
            throw Refusal.unknown("metric", device + "/" + metric)
        }
        var open = answer.samples
        var waiting = core.uncommittedChunks(device: device, metric: metric)
        var samples: [Sample] = []
        let chunks = try history.read { try $0.chunks(device: device, metric: metric, fromMilliseconds: from, throughMilliseconds: to) }
        /// The open chunk may have been closed between the two questions; then its samples would come twice.
        func add(_ bytes: [UInt8], count: Int) throws {
            let closed = try bytes.withUnsafeBytes { try SampleChunk.decode($0, count: count) }
            if closed.starts(with: open) { open = [] }
            samples += closed
        }
        for chunk in chunks {
            try add(chunk.bytes, count: chunk.count)
            waiting.removeAll { $0.bytes == chunk.bytes }
            guard samples.count <= Self.maximumSamples else {
                throw Refusal(
                    422, "Too many samples",
                    "More than \(Self.maximumSamples) samples lie between from and to; ask for a shorter time.")
            }
        }
        for chunk in waiting { try add(chunk.bytes, count: Int(chunk.count)) }
        samples += open
        // Late readings are kept in the order of their arrival.
        samples.sort { $0.timeMilliseconds < $1.timeMilliseconds }
        // A message that was used in part and then replayed gives the same sample twice.
        var last: Sample?
        samples.removeAll { sample in
            defer { last = sample }
            return sample == last
        }
        return Self.json { writer in
            writer.member("device", device)
            writer.member("metric", metric)
            writer.member("unit", answer.unit)
            writer.array("samples", of: samples.lazy.filter { $0.timeMilliseconds >= from && $0.timeMilliseconds <= to }) {
                writer, sample in
                writer.beginArray()
                writer.integer(sample.timeMilliseconds)
                writer.number(sample.value)
                writer.endArray()
            }
        }
    }
}
