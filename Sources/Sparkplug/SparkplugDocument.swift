import Documents

/// Values of Sparkplug metrics as a JSON document, so that the one profile language reads them as it reads everything else.
///
/// A metric's name is a path: `Inputs/Hopper/Level` becomes the member `Level` of `Hopper` of `Inputs`. A name below another metric's name
/// (`Pump` and `Pump/Speed`) cannot be a member of it and keeps its slashes. What is written for a name depends on the names of the birth
/// alone, never on what else a message holds, so that a metric always has one pointer.
public struct SparkplugDocument: Sendable {
    /// Deeper names keep the slashes of their rest: the parser's depth is bounded.
    static let maximumDepth = 8

    /// One metric's way through the document, its keys escaped, quoted and with their colon.
    private struct Place: Sendable {
        var rank: Int32 = 0
        var keys: [[UInt8]] = []
    }

    private var generation: UInt32 = 0
    private var places: [Place] = []
    private var order: [(rank: Int32, index: Int)] = []
    public private(set) var bytes: [UInt8] = []

    public init() {}

    /// Learns the names of the metrics that the readings of this generation have the numbers of. Costs nothing while they are the same.
    public mutating func follow(_ metrics: [SparkplugHost.Metric], generation: UInt32) {
        guard generation != self.generation || places.count != metrics.count else { return }
        self.generation = generation
        places = Array(repeating: Place(), count: metrics.count)
        let names = metrics.map { Array($0.name.utf8) }
        // A slash sorts before everything else, so that what belongs below one member stands together.
        func key(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
        let sorted = names.indices.sorted { a, b in
            let (x, y) = (metrics[a].device, metrics[b].device)
            if x != y { return x < y }
            return names[a].lexicographicallyPrecedes(names[b]) { key($0) < key($1) }
        }
        var leaves: [Int32: Set<[UInt8]>] = [:]
        // A template instance is no value of its own: its members lie in it.
        for (index, name) in names.enumerated() where metrics[index].datatype != .template {
            leaves[metrics[index].device, default: []].insert(name)
        }
        for (rank, index) in sorted.enumerated() {
            places[index] = Place(rank: Int32(rank), keys: Self.keys(names[index], among: leaves[metrics[index].device] ?? []))
        }
    }

    private static func keys(_ name: [UInt8], among leaves: Set<[UInt8]>) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        var start = 0
        for (index, byte) in name.enumerated() where byte == UInt8(ascii: "/") {
            if keys.count + 1 >= maximumDepth || leaves.contains(Array(name[..<index])) { break }
            keys.append(quoted(name[start..<index]))
            start = index + 1
        }
        return keys + [quoted(name[start...])]
    }

    /// The members that lead to the metric of this number and name.
    public func path(_ metric: Int32, _ name: String) -> [Substring] {
        name.split(separator: "/", maxSplits: places[Int(metric)].keys.count - 1, omittingEmptySubsequences: false)
    }

    private static func quoted(_ part: ArraySlice<UInt8>) -> [UInt8] {
        var writer = JSONWriter()
        writer.key(String(decoding: part, as: UTF8.self))
        return writer.bytes
    }

    /// Writes the document of `readings`, all of one device and of the generation that was followed last, no metric twice.
    public mutating func write(_ readings: ArraySlice<SparkplugReading>) {
        bytes.removeAll(keepingCapacity: true)
        order.removeAll(keepingCapacity: true)
        var isSorted = true
        for index in readings.indices {
            let rank = places[Int(readings[index].metric)].rank
            if let last = order.last, last.rank > rank { isSorted = false }
            order.append((rank, index))
        }
        if !isSorted { order.sort { $0.rank < $1.rank } }
        bytes.append(UInt8(ascii: "{"))
        var former = -1
        var depth = 0
        for (_, index) in order {
            let metric = Int(readings[index].metric)
            let common = former < 0 ? 0 : commonDepth(former, metric)
            while depth > common {
                bytes.append(UInt8(ascii: "}"))
                depth -= 1
            }
            if former >= 0 { bytes.append(UInt8(ascii: ",")) }
            while depth < places[metric].keys.count - 1 {
                bytes.append(contentsOf: places[metric].keys[depth])
                bytes.append(UInt8(ascii: "{"))
                depth += 1
            }
            bytes.append(contentsOf: places[metric].keys[depth])
            write(readings[index].value)
            former = metric
        }
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "}"), count: depth + 1))
    }

    /// How many objects two metrics share.
    private func commonDepth(_ a: Int, _ b: Int) -> Int {
        let limit = min(places[a].keys.count, places[b].keys.count) - 1
        var depth = 0
        while depth < limit, places[a].keys[depth] == places[b].keys[depth] { depth += 1 }
        return depth
    }

    private mutating func write(_ value: SparkplugValue) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .number(let number): bytes.append(decimal: number)
        case .text(let text):
            var writer = JSONWriter()
            writer.string(text)
            bytes.append(contentsOf: writer.bytes)
        }
    }
}
