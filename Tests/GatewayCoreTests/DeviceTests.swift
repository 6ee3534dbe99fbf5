import CoreViews
import Documents
import SampleCodec
import ServiceValue
import Testing

@testable import GatewayCore

/// Who is let in, and what becomes of what is not understood.
@Suite struct DeviceTests {
    @Test func unknownTopicsAreDeadLetters() throws {
        var driver = try Driver()
        for topic in ["x", "", "t/p1", "t/p1/data/", "$SYS/broker/uptime", "t/p1/dat"] { driver.send(topic, "{}", at: 0) }
        #expect(driver.effects.deadLetters.map(\.reason) == Array(repeating: "no profile reads this topic", count: 6))
        #expect(driver.core.fleet.devices.isEmpty)
        #expect(driver.core.fleet.topics.count == 0)
        let letter = try #require(driver.effects.deadLetters.first)
        #expect(letter.event == 2 && letter.topic == Array("x".utf8) && letter.payload == Array("{}".utf8) && letter.profile == nil)
    }

    @Test(arguments: [
        ("", "empty"), ("..", "path step"), (".", "path step"), ("a+b", "wildcard"), ("#", "wildcard"), ("a\u{1B}[2J", "control"),
        ("a\u{7F}", "control"), ("a\0b", "control"), (String(repeating: "x", count: 129), "at most 128"),
    ]) func hostileNamesAreTurnedAway(_ name: String, _ words: String) throws {
        var driver = try Driver()
        driver.tell(name, "\"temp\":-50", at: 0)
        #expect(driver.effects.deadLetters.first?.reason.contains(words) == true)
        #expect(driver.core.fleet.devices.isEmpty)
        #expect(driver.deliveries.isEmpty)
    }

    @Test func namesThatAreNoTextAreTurnedAway() throws {
        var driver = try Driver()
        var segment = Segment()
        let topic: [UInt8] = Array("t/".utf8) + [0xC3, 0x28] + Array("/data".utf8)
        topic.withUnsafeBytes { name in [UInt8]("{}".utf8).withUnsafeBytes { segment.append(topic: name, payload: $0) } }
        driver.core.step(segment, into: &driver.effects)
        #expect(driver.effects.deadLetters.first?.reason.contains("UTF-8") == true)
    }

    /// Odd but harmless names are values everywhere: in topics, ids and JSON.
    @Test(
        arguments: ["<script>", "a'; DROP TABLE", "\"quoted\"", "{requestId}", "{device}", "$(reboot)", "ключ 😀", "%00", "C:\\x", "=1+1,"]
            .filter { !$0.contains("+") })
    func oddNamesStayValues(_ name: String) throws {
        var driver = try Driver()
        driver.tell(name, "\"errors\":[\"jam\"]", at: 0)
        let command = try #require(driver.commands.first)
        #expect(command.topic == "t/\(name)/do/first")
        let body = try DocumentParser.parse(command.body, file: "body")
        guard case .object(let members) = body.value else {
            Issue.record("no object")
            return
        }
        #expect(members.first { $0.key == "id" }?.node.value == .string(command.key))
        #expect(members.first { $0.key == "who" }?.node.value == .string(name))
        for line in driver.lines { #expect(throws: Never.self) { try DocumentParser.parse(Array(line.utf8), file: "line") } }
    }

    /// The same to Unicode, but not to a broker: one must not be able to speak for the other.
    @Test func namesThatOnlyLookAlikeAreNotOneDevice() throws {
        var driver = try Driver()
        driver.tell("caf\u{E9}", "\"temp\":1", at: 0)
        driver.tell("cafe\u{301}", "\"errors\":[\"jam\"]", at: 1)
        #expect(driver.commands.allSatisfy { $0.topic.utf8.elementsEqual("t/cafe\u{301}/do/first".utf8) })
        #expect(driver.core.fleet.devices[0].messages == 1)
    }

    @Test func devicesAreLimited() throws {
        var configuration = CoreConfiguration()
        configuration.maximumDevices = 3
        var driver = try Driver(configuration: configuration)
        for device in 0..<10 { driver.tell("p\(device)", "\"temp\":1", at: Double(device)) }
        #expect(driver.core.fleet.devices.count == 3)
        #expect(driver.core.counters.refusedDevices == 7)
        #expect(driver.effects.deadLetters.last?.reason.hasPrefix("there are 3 devices already (limits.devices)") == true)
        driver.tell("p0", "\"temp\":-50", at: 20)
        #expect(driver.kinds(.alarmRaised).count == 1)
    }

    @Test func topicsAreLimitedInLength() throws {
        let any = "{ profile: 'any', messages: [{ topic: '{site}/{device}/data' }] }"
        var driver = try Driver([any])
        driver.send(String(repeating: "s", count: 60_000) + "/d/data", "{}", at: 0)
        #expect(driver.core.fleet.topics.count == 0)
        #expect(driver.effects.deadLetters.first?.reason.contains("topic") == true)
    }

    @Test func oneDeviceHasOneProfile() throws {
        let other = "{ profile: 'other', messages: [{ topic: 'o/{device}' }], metrics: { x: { pointer: '/x' } } }"
        var driver = try Driver([Press.profile, other])
        driver.tell("p1", "\"temp\":1", at: 0)
        driver.send("o/p1", "{\"x\":1}", at: 1)
        #expect(driver.effects.deadLetters.first?.reason.contains("one device has one profile") == true)
    }

    @Test func badFieldsAreToldOnceAnHourADevice() throws {
        var driver = try Driver()
        for second in stride(from: 0.0, to: 7200, by: 60) {
            driver.tell("p1", "\"temp\":\"hot\",\"pages\":\(second)", at: second)
            driver.tell("p2", "\"temp\":true", at: second)
        }
        let letters = driver.effects.deadLetters
        #expect(letters.count == 4)
        #expect(letters[0].reason.hasPrefix("\"temp\" is no number; the rest of the message was taken"))
        #expect(driver.core.counters.fieldProblems == 240)
        #expect(driver.core.openSamples(device: "p1", metric: "pages")?.samples.isEmpty == false)
    }

    @Test func unreadableMessagesAreDeadLettersAndMoveNoValue() throws {
        var driver = try Driver()
        driver.tell("p1", "\"temp\":1", at: 0)
        let before = try driver.values("p1")
        for payload in ["x", "{", "5", "{\"temp\":1e999}", "\u{0}"] { driver.send("t/p1/data", payload, at: 1) }
        #expect(driver.effects.deadLetters.count == 5)
        #expect(try driver.values("p1") == before)
        driver.control(.oversized(topic: "t/p1/data", byteCount: 9_999_999), at: 2)
        #expect(driver.effects.deadLetters.last?.reason.contains("9999999 bytes") == true)
    }

    @Test func quarantinedMessagesAreSetAside() throws {
        var driver = try Driver()
        driver.core.quarantined = [2]
        driver.tell("p1", "\"temp\":-50", at: 0)
        #expect(driver.effects.deadLetters.first?.reason.contains("set aside") == true)
        #expect(driver.kinds(.alarmRaised).isEmpty)
    }

    @Test func survey() throws {
        var driver = try Driver()
        func answer(_ id: String, _ values: [Double], _ question: SurveyQuestion = .ces) {
            driver.control(
                .survey(SurveySubmission(id: id, device: "p1", question: question, values: values, context: .afterDelivery)), at: 1)
        }
        answer("a", [7])
        answer("a", [7])
        answer("b", [2])
        answer("c", [8])
        answer("d", [])
        answer("e", [.nan])
        answer("f", [6, 7], .ves)
        #expect(driver.kinds(.survey).count == 3)
        answer("b", [7])
        #expect(driver.lines.last?.contains(#""values":[7],"context":"afterDelivery","corrected":true"#) == true)
        answer("b", [2])
        driver.control(.withdrawSurvey(survey: "g", by: "kim"), at: 2)
        #expect(driver.core.counters.refusedControls == 4 && driver.kinds(.surveyWithdrawn).isEmpty)
        answer("g", [7])
        driver.control(.withdrawSurvey(survey: "g", by: "kim"), at: 2)
        #expect(driver.lines.last?.contains(#""survey":"g","answers":1,"by":"kim""#) == true)
        #expect(driver.core.experience.scores.score(.ces)?.value == 0.5)
        #expect(driver.lines[0].contains("\"question\":\"ces\",\"values\":[7],\"context\":\"afterDelivery\""))
    }

    @Test func damagedControlEventsAreRefused() throws {
        var driver = try Driver()
        for kind in [UInt8(2), 0, 9, 255] {
            var segment = Segment()
            [UInt8]("{\"tick\":".utf8).withUnsafeBytes {
                segment.append(kind: .control, topic: UnsafeRawBufferPointer(start: nil, count: 0), payload: $0)
            }
            var bytes = segment.bytes.map { $0 }
            bytes[0] = kind
            bytes.withUnsafeBytes {
                driver.core.step(Segment(copying: $0, firstEvent: 5, arrivalMilliseconds: Driver.start), into: &driver.effects)
            }
        }
        #expect(driver.core.counters.refusedControls == 4)
        #expect(driver.effects.isEmpty)
    }

    /// One device that shows its names one by one must not make all others take room many times over.
    @Test func roomForMetricsGrowsInProportion() throws {
        var driver = try Driver()
        for device in 0..<4 { driver.tell("p\(device)", "\"temp\":1", at: 0) }
        for round in 0..<240 {
            for device in 0..<4 { driver.tell("p\(device)", "\"n\(round)\":\(device)", at: Double(round + 1)) }
        }
        #expect(driver.core.fleet.metrics.count <= 4 * 256 * 4)
        for device in 0..<4 {
            #expect(driver.core.openSamples(device: "p\(device)", metric: "n17")?.samples.map(\.value) == [Double(device)])
            #expect(driver.core.openSamples(device: "p\(device)", metric: "temp")?.samples.map(\.value) == [1])
        }
    }
}
