import Telemetry
import Testing

@testable import GatewayCore

/// Which topics make a device known, and whose it is: other programs write to the same broker.
@Suite struct ClaimTests {
    private static let broad = """
        { profile: 'broad', messages: [
            { name: 'status', topic: '{device}/status', general: true, requires: '/sys' },
            { name: 'here', topic: '{device}/here', general: true, format: 'text', liveness: { online: ['yes'], offline: ['no'] } },
            { topic: '{device}/note/skipped', skip: true },
            { topic: '{device}/note/{key}', general: true, format: 'text', name: 'note', knownOnly: true },
          ],
          metrics: { watts: { pointer: '/w', message: 'status' }, here: { pointer: '/value', kind: 'state', message: 'here' },
            'note.{key}': { pointer: '/value', kind: 'any', message: 'note' } } }
        """
    private static let node = """
        { profile: 'node', messages: [
            { name: 'will', topic: '{device}/status', format: 'text', liveness: { online: ['online'], offline: ['offline'] } },
            { name: 'sensor', topic: '{device}/sensor/{sensor}', format: 'text' },
          ],
          metrics: { link: { message: 'will', pointer: '/value', kind: 'state' }, '{sensor}': { message: 'sensor', pointer: '/value' } } }
        """
    private static let firm = "{ profile: 'firm', messages: [{ topic: 'hall/{device}' }], metrics: { x: { pointer: '/x' } } }"

    private func profile(of id: String, _ driver: Driver) -> String? {
        driver.core.fleet.device(named: id).map { driver.core.fleet.rules(of: $0).name }
    }

    private func restarted(_ driver: Driver, _ profiles: [String]) throws -> Driver {
        let core = try #require(
            try StewardCore(configuration: CoreConfiguration(), profiles: try profiles.map(Driver.profile), snapshot: try driver.snapshot())
        )
        var next = Driver(core: core, number: driver.number)
        next.effects = driver.effects
        return next
    }

    @Test(arguments: [
        ("home/status", "online"), ("home/status", "{}"), ("home/status", #"{"w":5}"#), ("home/status", "[1]"), ("home/here", "1"),
        ("home/note/a", "hello"), ("home/status", ""), ("home/status", "{"),
    ]) func aTopicAloneMakesNoDevice(_ topic: String, _ payload: String) throws {
        var driver = try Driver([Self.broad])
        for second in 0..<3 { driver.send(topic, payload, at: Double(second)) }
        #expect(driver.core.deviceCount == 0 && driver.effects.deadLetters.isEmpty)
        #expect(driver.core.budgets[.strangers] == (payload.isEmpty ? 0 : 3))
    }

    @Test(arguments: [("plug/status", #"{"sys":{},"w":5}"#), ("plug/here", "yes"), ("plug/here", "no")])
    func whatIsUnderstoodMakesOne(_ topic: String, _ payload: String) throws {
        var driver = try Driver([Self.broad])
        driver.send(topic, payload, at: 0)
        #expect(profile(of: "plug", driver) == "broad")
        // From then on what it says and nobody understands is told.
        driver.send("plug/status", "{", at: 1)
        #expect(driver.effects.deadLetters.count == 1)
    }

    @Test func someTopicsAreReadOfKnownDevicesOnlyAndSomeNever() throws {
        var driver = try Driver([Self.broad])
        driver.send("plug/here", "yes", at: 0)
        driver.send("plug/note/colour", "red", at: 2)
        driver.send("plug/note/skipped", "red", at: 2)
        #expect(try driver.values("plug")["note.colour"] != nil && driver.values("plug")["note.skipped"] == nil)
    }

    /// A topic that begins with a word is the profile's, so what cannot be read there is told although there is no device.
    @Test func onATopicOfItsOwnAProfileTellsWhatItCannotRead() throws {
        var driver = try Driver([Self.firm])
        driver.send("hall/a", "{", at: 0)
        driver.send("hall/a", #"{"y":1}"#, at: 1)
        #expect(driver.core.deviceCount == 0 && driver.effects.deadLetters.count == 1 && driver.core.budgets[.strangers] == 1)
        driver.send("hall/a", #"{"x":"much"}"#, at: 2)
        #expect(driver.core.deviceCount == 1 && driver.effects.deadLetters.count == 2)
    }

    /// One topic, three profiles: each message goes to the one that finds something in it.
    @Test func theEvidenceDecidesBetweenProfiles() throws {
        var driver = try Driver([Self.broad, Self.node])
        driver.send("oven/status", "online", at: 0)
        driver.send("plug/status", #"{"sys":{},"w":5}"#, at: 1)
        #expect(profile(of: "oven", driver) == "node" && profile(of: "plug", driver) == "broad")
        driver.send("oven/sensor/temp", "181.25", at: 2)
        #expect(try driver.values("oven")["temp"] == "181.25")
        #expect(driver.effects.deadLetters.isEmpty)
    }

    @Test func aBroadClaimGivesWayToAFirmerOneAndTheDeviceBeginsAnew() throws {
        var driver = try Driver([Self.broad, Self.node, Self.firm])
        driver.send("saw/status", #"{"sys":{},"w":5}"#, at: 0)
        driver.send("saw/sensor/temp", "7", at: 1)
        #expect(profile(of: "saw", driver) == "node")
        #expect(driver.kinds(.deviceRemoved).count == 1 && driver.lines.contains { $0.contains("as the profile node says") })
        #expect(try driver.values("saw")["watts"] == nil)
        driver.send("hall/saw", #"{"x":1}"#, at: 2)
        #expect(profile(of: "saw", driver) == "firm" && driver.core.budgets[.devicesReclaimed] == 2)
        // A firm claim gives way to nobody.
        driver.send("saw/sensor/temp", "8", at: 3)
        driver.send("hall/saw", #"{"x":2}"#, at: 4)
        #expect(
            profile(of: "saw", driver) == "firm"
                && driver.effects.deadLetters.map(\.reason).allSatisfy { $0.contains("one device has one profile") })
        #expect(driver.effects.deadLetters.count == 1)
        // So it is after a restart.
        driver = try restarted(driver, [Self.broad, Self.node, Self.firm])
        driver.send("saw/sensor/temp", "9", at: 5)
        #expect(profile(of: "saw", driver) == "firm")
    }

    @Test func whereTheConfigurationNamesTheProfileTheDeviceStaysWithIt() throws {
        var configuration = CoreConfiguration()
        configuration.expected = ["saw": ExpectedDevice(profile: "broad", withinMilliseconds: 60_000)]
        var driver = try Driver([Self.broad, Self.firm], configuration: configuration)
        driver.send("hall/saw", #"{"x":1}"#, at: 0)
        driver.send("saw/status", #"{"sys":{},"w":5}"#, at: 1)
        #expect(profile(of: "saw", driver) == "broad")
        driver.send("hall/saw", #"{"x":1}"#, at: 2)
        #expect(profile(of: "saw", driver) == "broad" && driver.effects.deadLetters.count == 1)
    }

    @Test func strangersTeachAProfileNoNames() throws {
        var driver = try Driver(["{ profile: 'any', messages: [{ topic: '{device}/x' }], metrics: { '{n}.w': { pointer: '/{n}/w' } } }"])
        for number in 0..<500 { driver.send("s\(number)/x", #"{"n\#(number)":{"v":1}}"#, at: Double(number)) }
        #expect(driver.core.deviceCount == 0 && driver.core.fleet.profiles[0].layout.slots.isEmpty)
        driver.send("real/x", #"{"a":{"w":1}}"#, at: 600)
        #expect(try driver.values("real") == ["a.w": "1.0"])
    }

    // MARK: Names

    private static let path = """
        { profile: 'path', messages: [{ topic: '{device...}/events', general: true }], metrics: { w: { pointer: '/w' } },
          faults: { hot: { raise: { metric: 'w', above: 100 }, playbook: 'off' } },
          commands: { off: { topic: '{device}/do', payload: 'off', format: 'text', reply: false } },
          playbooks: { off: { steps: [{ command: 'off' }] } } }
        """

    @Test func namesMayHaveSeveralLevels() throws {
        var driver = try Driver([Self.path])
        driver.send("site/kitchen/heating/events", #"{"w":200}"#, at: 0)
        driver.send("site/bath/heating/events", #"{"w":0}"#, at: 1)
        #expect(driver.core.deviceCount == 2)
        #expect(try driver.values("site/bath/heating")["w"] == "0.0")
        #expect(driver.commands.map(\.topic) == ["site/kitchen/heating/do"])
        driver.send("site/../heating/events", #"{"w":0}"#, at: 2)
        #expect(driver.core.deviceCount == 2 && driver.effects.deadLetters.last?.reason.contains("path step") == true)
    }

    @Test func twoSourcesOfOneNameAreToldOnce() throws {
        let profile = "{ profile: 'p', messages: [{ topic: 'tele/+/{device}' }], metrics: { w: { pointer: '/w' } } }"
        var driver = try Driver([profile])
        driver.send("tele/hall/saw", #"{"w":1}"#, at: 0)
        #expect(driver.effects.deadLetters.isEmpty)
        for second in 1..<4 { driver.send("tele/yard\(second)/saw", #"{"w":2}"#, at: Double(second)) }
        driver = try restarted(driver, [profile])
        driver.send("tele/hall/saw", #"{"w":1}"#, at: 5)
        #expect(driver.effects.deadLetters.map(\.reason).filter { $0.contains("are there two of that name?") }.count == 1)
        #expect(try driver.values("saw")["w"] == "1.0")
    }
}
