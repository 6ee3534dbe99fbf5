import Documents
import Testing

@testable import Telemetry

/// A message in an envelope, and members that stand twice.
@Suite struct EnvelopeTests {
    private static let profile = """
        { profile: "bus", messages: [{ topic: "t/{device}", unwrap: ["/payload", "/event"], each: "/readings/{row}", names: { name: "/name" },
            time: { pointer: "/at", unit: "nanoseconds" } }],
          metrics: { "{name}": { pointer: "/value" } } }
        """

    /// The readings of all parts, in their order.
    private func read(_ payload: String, _ profile: String = Self.profile) throws -> (values: [String], times: [Int64?]) {
        var bench = try DecoderBench(profile)
        let rule = bench.layout.profile.messages[0]
        let padded = Array(payload.utf8) + Array(repeating: 0, count: MessageDecoder.padding)
        try padded.withUnsafeBytes { try bench.decoder.open(UnsafeRawBufferPointer(rebasing: $0[..<payload.utf8.count]), rule) }
        var (values, times): ([String], [Int64?]) = ([], [])
        for part in bench.decoder.parts {
            let names = try #require(bench.decoder.names(rule.names, of: part))
            let found = bench.layout.root(message: 0, captures: names)
            let root = try #require(found)
            var decoded = DecodedMessage()
            bench.decoder.read(part, message: 0, root: root, layout: &bench.layout, into: &decoded)
            values += decoded.readings.map { "\(bench.layout[$0.slot].name) \($0.value)" }
            times.append(decoded.deviceMilliseconds)
        }
        return (values, times)
    }

    private static let event = #"{"at":1788220800123000000,"readings":[{"name":"a","value":1},{"name":"b","value":2}]}"#

    @Test func everyFormOfTheEnvelope() throws {
        let quoted = Self.event.replacing("\"", with: "\\\"")
        let wrapped = #"{"event":"# + Self.event + "}"
        for payload in [
            Self.event, wrapped, #"{"payload":"# + Self.event + "}", #"{"id":7,"payload":"# + wrapped + "}", #"{"payload":"\#(quoted)"}"#,
            #"{"payload":"\#(Self.base64(Self.event))"}"#, #"{"payload":"\#(Self.base64(wrapped))","errorCode":0}"#,
            #"{"payload":null,"event":"# + Self.event + "}",
        ] {
            let (values, times) = try read(payload)
            #expect(values == ["a 1.0", "b 2.0"], "\(payload)")
            // Nanoseconds are what the profile says, and need no correction.
            #expect(times == [1_788_220_800_123, 1_788_220_800_123], "\(payload)")
        }
    }

    @Test func whatIsNoEnvelopeIsTold() throws {
        #expect(throws: DecodeError("\"/payload\" holds neither JSON nor the base64 of JSON")) { try read(#"{"payload":"%%%"}"#) }
        #expect(throws: DecodeError.self) { try read(#"{"payload":"\#(Self.base64("no JSON"))"}"#) }
        #expect(throws: DecodeError.self) { try read(#"{"payload":"{\"readings\":"}"#) }
        // Something else on the topic has no readings.
        #expect(try read(#"{"hello":1}"#).values.isEmpty)
    }

    @Test(arguments: ["", "QQ==", "QQ", "QUI=", "QUJD", "QUJDRA==", "-_-_", "+/+/"]) func base64(_ text: String) throws {
        var text = text
        let bytes = try #require(text.withUTF8 { Base64Text.bytes(UnsafeRawBufferPointer($0)) })
        let expected: [String: [UInt8]] = [
            "": [], "QQ==": [65], "QQ": [65], "QUI=": [65, 66], "QUJD": [65, 66, 67], "QUJDRA==": [65, 66, 67, 68],
            "-_-_": [251, 255, 191],
            "+/+/": [251, 255, 191],
        ]
        #expect(bytes == expected[text])
    }

    @Test(arguments: ["A", "QQ==A", "Q Q", "{}", "QÄ=="]) func noBase64(_ text: String) {
        var text = text
        #expect(text.withUTF8 { Base64Text.bytes(UnsafeRawBufferPointer($0)) } == nil)
    }

    private static func base64(_ text: String) -> String {
        let signs = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var result = ""
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 { result.append(place <= group.count ? signs[word >> (18 - 6 * place) & 63] : "=") }
        }
        return result
    }

    /// One of two times is as good as the other; of two values nobody knows which is meant.
    @Test func aTimeThatStandsTwice() throws {
        var bench = try DecoderBench(DecoderBench.native)
        let decoded = try bench.decode(Array(#"{"ts":1788220800000,"ts":1788220800100,"temp":20}"#.utf8))
        #expect(decoded.deviceMilliseconds == 1_788_220_800_000 && decoded.fieldProblem == nil && decoded.readings.count == 1)
        #expect(try bench.decode(Array(#"{"temp":20,"temp":21}"#.utf8)).fieldProblem?.kind == .twice)
    }

    /// An empty list in place of a value is how Venus OS writes that there is none.
    @Test func anEmptyListIsNoValue() throws {
        var bench = try DecoderBench(DecoderBench.native)
        #expect(try bench.read(#"{"temp":[]}"#) == ["temp": "?"])
        #expect(try bench.decode(Array(#"{"temp":[1]}"#.utf8)).fieldProblem?.kind == .notANumber)
    }

    @Test(arguments: [
        ("format: \"text\", unwrap: \"/a\"", "\"unwrap\" is for JSON"), ("unwrap: \"/{a}\"", "captures nothing here"),
        ("historical: { pointer: \"/h\" }", "\"historical\" needs \"in\""),
    ])
    func mistakesAreTold(_ keys: String, _ expected: String) throws {
        let text = "{ profile: \"test\", messages: [{ topic: \"t/{device}\", \(keys) }] }"
        let problems = try #require(throws: DocumentProblems.self) { try ProfileReader.read(Array(text.utf8), file: "t.json") }
        #expect("\(problems)".contains(expected), "\(problems)")
    }
}
