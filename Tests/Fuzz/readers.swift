import CivilCalendar
import ConsumableForecast
import Documents
import GatewayCore
import Glibc
import SampleCodec
import Sparkplug
import Telemetry

/// What libFuzzer calls: the reader that `STEWARD_FUZZ_READER` names gets the bytes. Whatever they are, it may only say no; and what it takes
/// must keep the promises of its declarations, which `require` asks.
private let reader = getenv("STEWARD_FUZZ_READER").map { String(cString: $0) } ?? ""

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = UnsafeBufferPointer(start: data, count: size)
    switch reader {
    case "message": fuzzMessage(input)
    case "profile": fuzzProfile(Array(input))
    case "sparkplug": fuzzSparkplug(input)
    case "snapshot": fuzzSnapshot(Array(input))
    case "core": fuzzCore(Array(input))
    case "zone": fuzzZone(Array(input))
    case "time": fuzzTime(input)
    case "chunk": fuzzChunk(input)
    default: require(false, "STEWARD_FUZZ_READER is message, profile, sparkplug, snapshot, core, zone, time or chunk")
    }
    return 0
}

/// Ends the run, so that libFuzzer keeps the input. Also in an optimised build.
private func require(_ holds: Bool, _ what: String) {
    if holds { return }
    let text = "broken: \(what)\n"
    write(STDERR_FILENO, text, text.utf8.count)
    abort()
}

/// A decoder and the layout of one profile with four rules: JSON with every kind of member, text, CSV, and parts in an envelope.
private struct MessageBench {
    var layout: ProfileLayout
    let decoder: MessageDecoder
    var decoded = DecodedMessage()
    var rounds = 0

    init() {
        guard let profile = try? ProfileReader.read(Array(messageProfile.utf8), file: "fuzz"),
            let decoder = MessageDecoder(maximumBytes: 1 << 16)
        else { fatalError("the profile of the fuzzer is wrong") }
        layout = ProfileLayout(profile)
        self.decoder = decoder
    }

    /// The first byte chooses the rule.
    mutating func take(_ input: UnsafeBufferPointer<UInt8>) {
        let rule = Int(input.first ?? 0) % layout.profile.messages.count
        let payload = Array(input.dropFirst())
        let padded = payload + Array(repeating: UInt8(ascii: "x"), count: MessageDecoder.padding)
        padded.withUnsafeBytes { buffer in
            let message = layout.profile.messages[rule]
            guard (try? decoder.open(UnsafeRawBufferPointer(rebasing: buffer[..<payload.count]), message)) != nil else { return }
            for part in decoder.parts.prefix(50) {
                guard let names = decoder.names(message.names, of: part) else { continue }
                let root = layout.root(message: rule, captures: names) ?? 0
                decoder.read(part, message: rule, root: root, layout: &layout, into: &decoded)
                check()
            }
            guard let further = decoder.takeFurtherDocuments() else { return }
            require(
                further.documents.count < 64
                    && further.documents.allSatisfy { $0.upperBound + MessageDecoder.padding <= further.bytes.count },
                "a document has readable bytes behind it")
        }
    }

    private func check() {
        for reading in decoded.readings {
            let slot = layout[reading.slot]
            require(reading.value.isFinite, "a reading is finite")
            require(slot.kind != .level || (0...100).contains(reading.value), "a level is a percentage")
            require(slot.kind != .state || Int(reading.value) < max(1, slot.states.count), "a state is one of the slot's")
        }
        for alerts in decoded.alerts { require(decoder.codes(of: alerts, layout: layout).count <= 64, "at most 64 codes") }
        for level in decoded.levels { _ = decoder.facts(of: level, layout: layout, updating: SupplyFacts()) }
    }
}

/// libFuzzer calls from one thread. A new one now and then keeps the way to learning names open.
nonisolated(unsafe) private var messages = MessageBench()

private func fuzzMessage(_ input: UnsafeBufferPointer<UInt8>) {
    messages.rounds += 1
    if messages.rounds % 2_000 == 0 { messages = MessageBench() }
    messages.take(input)
}

private let messageProfile = """
    { profile: "fuzz",
      messages: [
        { topic: "a/{device}", time: { pointer: "/ts" } },
        { name: "b", topic: "b/{device}", format: "text" },
        { topic: "c/{device}", format: "csv", columns: ["ts", "temp", "pages"], time: { pointer: "/ts", unit: "seconds" } },
        { name: "d", topic: "d/{device}", unwrap: ["/payload", "/event"], each: "/readings/{row}",
          time: { pointer: "/origin", unit: "nanoseconds" }, historical: { pointer: "/late", in: ["true"] } },
      ],
      metrics: {
        status: { pointer: "/status", kind: "state", states: ["idle", "busy"] },
        pages: { pointer: "/pages", kind: "counter" },
        temp: { pointer: "/temp", kind: "gauge", unit: "Cel", unknown: [85], minimum: -50, maximum: 500 },
        said: { message: "b", pointer: "/value", kind: "gauge" },
        "unit.{unit}.temp": { pointer: "/print/ams/{unit=id}/temp" },
        "{name}": { pointer: "/{name}" },
        low: { pointer: "/word", mask: 0xFFFF, unknown: [65535] },
        high: { pointer: "/word", shift: 16, signedBits: 16, scale: 0.1 },
        pressure: { pointer: "/pdin", hex: true, shift: 2, signedBits: 14 },
        flow: { pointer: "/pdin", hex: true, shift: 16, floatBits: 32 },
        "tag.{n}": {
          message: "d", pointer: "/values/{n}", kind: "any", quality: { from: "q", good: "opcUA" }, stateWhen: { from: "valueType", in: ["Bool"] },
          named: { "*.temp": { kind: "gauge", unit: "Cel" }, strokes: { kind: "counter" } },
        },
      },
      supplies: { "{slot}": { level: "/supplies/{slot}", capacity: 200, unknownLevels: [199], counter: "pages" } },
      alerts: [
        { pointer: "/errors", separator: ",", suffixes: { "-error": "major", "-report": "ignore" } },
        { pointer: "/word", bits: { "0": "overload" } },
        { pointer: "/hms", hexPair: { prefix: "HMS_", high: "attr", low: "code" }, severityMember: "code", severityShift: 16, severities: { "1": "critical" } },
        { pointer: "/alert", member: "condition", event: { member: "state", set: ["SET"], clear: ["CLEAR"] } },
      ],
    }
    """

/// A profile that is taken can be laid out.
private func fuzzProfile(_ input: [UInt8]) {
    guard let profile = try? ProfileReader.read(input, file: "fuzz") else { return }
    _ = ProfileLayout(profile)
}

/// Messages of one node, each as kind, length and payload; then the host comes back from its own snapshot.
private func fuzzSparkplug(_ input: UnsafeBufferPointer<UInt8>) {
    var limits = SparkplugLimits.standard
    limits.metrics = 64
    var host = SparkplugHost(group: "g", node: "n", limits: limits)
    var payloads = SparkplugPayload()
    var output = SparkplugOutput()
    var document = SparkplugDocument()
    var at = 0
    var now: Int64 = 1_795_000_000_000
    while at + 3 <= input.count {
        let kind = SparkplugTopic.Kind.allCases[Int(input[at] & 0x7F) % SparkplugTopic.Kind.allCases.count]
        let count = min(Int(input[at + 1]) | Int(input[at + 2]) << 8, input.count - at - 3)
        // Memory of exactly this size, so that the sanitizer sees a read behind the end.
        var payload = Array(input[at + 3..<at + 3 + count])
        // A compressed payload: one stored block of DEFLATE, which has no check sum that would stop what is tried.
        if input[at] & 0x80 != 0 {
            let body = [1, UInt8(count & 255), UInt8(count >> 8), ~UInt8(count & 255), ~UInt8(count >> 8)] + payload
            let size = body.count
            let length = [UInt8(size & 0x7F) | 0x80, UInt8(size >> 7 & 0x7F) | 0x80, UInt8(size >> 14)]
            payload = [0x22, 18] + Array("SPBV1.0_COMPRESSED".utf8) + [0x2A] + length + body
        }
        at += 3 + count
        now += 700
        let device: [UInt8] = kind.isOfDevice ? Array("d".utf8) : []
        device.withUnsafeBytes { name in
            payload.withUnsafeBytes { host.receive(kind, device: name, payload: $0, at: now, reader: &payloads, into: &output) }
        }
        require(host.metrics.count <= limits.metrics, "no more metrics than the limit")
        // As the core does: the readings of one event are of one device.
        for case .readings(let range) in output.events {
            let readings = output.readings[range]
            guard let generation = readings.first?.generation else { continue }
            let metrics = generation == host.generation ? host.metrics : output.formerMetrics
            require(
                readings.allSatisfy { $0.generation == generation && $0.metric < metrics.count && metrics[Int($0.metric)].name == $0.name },
                "a reading's number is that of its metric")
            document.follow(metrics, generation: generation)
            for batch in SparkplugBatch.split(readings) { document.write(batch.readings[...]) }
        }
    }
    roundTrip(host)
}

private func roundTrip(_ host: SparkplugHost) {
    var writer = ByteWriter()
    host.write(to: &writer)
    var reader = ByteReader(writer.bytes)
    guard let again = try? SparkplugHost(from: &reader) else { return require(false, "a host reads its own snapshot") }
    var second = ByteWriter()
    again.write(to: &second)
    require(second.bytes == writer.bytes, "a host written, read and written is the same")
}

/// Bytes of a snapshot: a Sparkplug host, or the model of a supply. What is read can be written and read again.
private func fuzzSnapshot(_ input: [UInt8]) {
    if input.first == 0 {
        var reader = ByteReader(Array(input.dropFirst()))
        if let host = try? SparkplugHost(from: &reader) { roundTrip(host) }
    } else if let model = try? SupplyModel(bytes: Array(input.dropFirst())) {
        guard let bytes = try? model.bytes() else { return require(false, "a model that was read can be written") }
        require((try? SupplyModel(bytes: bytes)) == model, "a model written and read is the same")
    }
}

/// The parts of a whole snapshot.
private func fuzzCore(_ input: [UInt8]) {
    func core(_ bytes: [UInt8]) -> StewardCore? {
        try? StewardCore(configuration: CoreConfiguration(), profiles: deskProfile.map { [$0] } ?? [], snapshot: bytes)
    }
    func written(_ core: StewardCore) -> [UInt8] {
        var bytes: [UInt8] = []
        do { try core.writeSnapshot { bytes += $0 } } catch { require(false, "a core writes its state: \(error)") }
        return bytes
    }
    guard var first = core(input) else { return }
    guard let second = core(written(first)) else { return require(false, "a core reads its own snapshot") }
    require(first.digest() == second.digest(), "a core written and read is the same")
    // It goes on from there.
    var segment = Segment()
    segment.append(topic: "t/p1/data", payload: Array(#"{"temp":90,"status":"down","errors":["jam"]}"#.utf8))
    segment.arrivalMilliseconds = 1_795_300_000_000
    segment.firstEvent = max(first.lastEvent, 0) &+ 1
    var effects: [Effect] = []
    first.step(segment, into: &effects)
}

private let deskProfile = try? ProfileReader.read(
    Array(
        """
        { profile: "desk", silentAfterSeconds: 600,
          messages: [{ topic: "t/{device}/data" }],
          metrics: { temp: { pointer: "/temp" }, status: { pointer: "/status", kind: "state" } },
          status: { metric: "status", productive: ["busy"], standby: ["idle"], unscheduledDowntime: ["down"] },
          alerts: [{ pointer: "/errors", codes: { jam: { severity: "critical", text: "Jam" } } }],
          faults: { hot: { severity: "critical", raise: { metric: "temp", above: 80 }, latch: true } } }
        """.utf8), file: "fuzz")

/// A zone that is taken answers for every time, and a local time that is exact comes back.
private func fuzzZone(_ input: [UInt8]) {
    guard let rules = try? ZoneRules(tzif: input) else { return }
    for time in [Int64.min, -5_000_000_000, 0, 1_790_000_000, 4_102_444_800, 40_000_000_000, .max] {
        _ = rules.offsetSeconds(atUTCSeconds: time)
        let day = rules.localDay(atUTCSeconds: time)
        for times in rules.intervals(localDay: day, minute: 150, untilMinute: 210) {
            let local = times.lowerBound + Int64(rules.offsetSeconds(atUTCSeconds: times.lowerBound))
            require((150..<210).contains(Int((local - Int64(day) * 86_400) / 60)), "the clock shows the time that was asked for")
        }
    }
    for year in [1, 1969, 2026, 2101, 9999] {
        let resolution = rules.utcSeconds(localYear: year, month: 3, day: 29, hour: 2, minute: 30, second: 0)
        guard case .exact(let time) = resolution else { continue }
        let local = time + Int64(rules.offsetSeconds(atUTCSeconds: time))
        let date = CivilDate(daysSince1970: Int(local.dividedDown(by: 86_400)))
        require((date.year, date.month, date.day) == (year, 3, 29), "an exact time is the one that was asked for")
    }
}

private func fuzzTime(_ input: UnsafeBufferPointer<UInt8>) {
    let arrival: Int64 = 1_795_300_000_000
    for unit in DeviceTime.Unit.allCases {
        let time = DeviceTime.resolve(
            stamp: LocalTimeText(input), unit: unit, zone: nil, previousMilliseconds: .min, arrivalMilliseconds: arrival)
        require(time.milliseconds >= DeviceTime.earliestMilliseconds, "no time before the earliest")
        require(time.milliseconds <= arrival + DeviceTime.aheadMilliseconds, "no time a day ahead")
    }
}

/// A chunk that is taken has as many samples as asked for, all finite.
private func fuzzChunk(_ input: UnsafeBufferPointer<UInt8>) {
    guard input.count >= 2 else { return }
    let count = Int(input[0]) | Int(input[1] & 3) << 8
    let bytes = Array(input.dropFirst(2))
    guard let samples = bytes.withUnsafeBytes({ try? SampleChunk.decode($0, count: count) }) else { return }
    require(samples.count == count, "as many samples as asked for")
    require(samples.allSatisfy(\.value.isFinite), "samples are finite")
}
