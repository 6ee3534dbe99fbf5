import Testing

@testable import Sparkplug

/// One metric of a fixture.
struct FixtureMetric {
    var name: String?
    var alias: UInt64?
    var datatype: SparkplugDatatype
    var value: SparkplugValue
    var time: Int64?
    var isHistorical = false
    var writesDatatype = true

    /// As a birth tells it.
    static func full(_ name: String, _ datatype: SparkplugDatatype, _ value: SparkplugValue, alias: UInt64? = nil) -> Self {
        FixtureMetric(name: name, alias: alias, datatype: datatype, value: value)
    }

    /// As data by alias: neither name nor type.
    static func alias(_ alias: UInt64, _ datatype: SparkplugDatatype, _ value: SparkplugValue) -> Self {
        FixtureMetric(alias: alias, datatype: datatype, value: value, writesDatatype: false)
    }
}

extension SparkplugHost {
    /// Whether the last value of a metric says nothing about now.
    func isStale(metric: Int) -> Bool {
        guard metrics.indices.contains(metric) else { return true }
        return presence != .online || devices[Int(metrics[metric].device)].presence != .online || !metrics[metric].isBorn
    }
}

/// A host of node "g/n" with a reader; what a message yields, in words.
struct SparkplugBench {
    var host: SparkplugHost
    var reader = SparkplugPayload()
    var output = SparkplugOutput()

    init(limits: SparkplugLimits = SparkplugLimits()) { host = SparkplugHost(group: "g", node: "n", limits: limits) }

    static func payload(seq: UInt64?, time: Int64? = 1000, _ metrics: [FixtureMetric] = []) throws -> [UInt8] {
        var writer = SparkplugPayloadWriter(timestampMilliseconds: time, seq: seq)
        for metric in metrics {
            try writer.add(
                name: metric.name, alias: metric.alias, timestampMilliseconds: metric.time, datatype: metric.datatype, value: metric.value,
                isHistorical: metric.isHistorical, writesDatatype: metric.writesDatatype)
        }
        return writer.bytes
    }

    mutating func receive(_ kind: SparkplugTopic.Kind, device: String = "", at now: Int64, raw payload: [UInt8]) -> [String] {
        var device = device
        device.withUTF8 { device in
            payload.withUnsafeBytes {
                host.receive(
                    kind, device: UnsafeRawBufferPointer(device), payload: $0, at: now, reader: &reader, into: &output)
            }
        }
        return words
    }

    @discardableResult
    mutating func receive(
        _ kind: SparkplugTopic.Kind, device: String = "", seq: UInt64?, at now: Int64 = 0, time: Int64? = 1000,
        _ metrics: [FixtureMetric] = []
    ) throws -> [String] {
        receive(kind, device: device, at: now, raw: try Self.payload(seq: seq, time: time, metrics))
    }

    /// NBIRTH of session `bdSeq` with a temperature of alias 1, with `seq` 0.
    @discardableResult
    mutating func birth(bdSeq: Double = 7, seq: UInt64 = 0, at now: Int64 = 0, time: Int64 = 1000) throws -> [String] {
        try receive(
            .nodeBirth, seq: seq, at: now, time: time,
            [.full("bdSeq", .int64, .number(bdSeq)), .full("t", .double, .number(20), alias: 1)])
    }

    /// NDATA with the temperature by alias.
    @discardableResult
    mutating func data(seq: UInt64?, _ value: Double, at now: Int64 = 0, time: Int64 = 1000) throws -> [String] {
        try receive(.nodeData, seq: seq, at: now, time: time, [.alias(1, .double, .number(value))])
    }

    @discardableResult
    mutating func death(bdSeq: Double?, at now: Int64 = 0) throws -> [String] {
        try receive(.nodeDeath, seq: nil, at: now, bdSeq.map { [.full("bdSeq", .int64, .number($0))] } ?? [])
    }

    mutating func tick(at now: Int64) -> [String] {
        host.tick(at: now, reader: &reader, into: &output)
        return words
    }

    private var words: [String] {
        output.events.flatMap { event -> [String] in
            switch event {
            case .birth(let device, _): return ["birth \(device)"]
            case .death(let device, _): return ["death \(device)"]
            case .rebirthRequest: return ["rebirth"]
            case .problem: return ["problem"]
            case .readings(let range):
                return output.readings[range].map { reading in
                    let value =
                        switch reading.value {
                        case .number(let number): "\(number)"
                        case .bool(let flag): "\(flag)"
                        case .text(let text): "\"\(text)\""
                        case .null: "null"
                        }
                    let time = reading.timestampMilliseconds.map { "@\($0)" } ?? ""
                    let place = reading.device == "g/n" ? "" : "\(reading.device.dropFirst(4)):"
                    return place + "\(reading.name)=\(value)" + (time == "@1000" ? "" : time)
                        + (reading.isHistorical ? " late" : "")
                }
            }
        }
    }
}
