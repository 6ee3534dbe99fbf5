import Documents
import FoundationEssentials
import GatewayCore
import MQTTLink
import SQLiteStore
import Sparkplug
import Testing

@testable import Gateway

@Suite struct ConfigurationReaderTests {
    private func read(_ text: String) throws -> GatewayConfiguration {
        try ConfigurationReader.read(Array(text.utf8), file: "steward.json")
    }

    private func problems(_ text: String) -> [String] {
        do {
            _ = try read(text)
            return []
        } catch { return ((error as? DocumentProblems)?.diagnostics ?? []).map(\.description) }
    }

    @Test func theExampleOfDESIGNReads() throws {
        let configuration = try read(
            """
            {
              gateway: { id: "site-12" }, // which site
              mqtt: { host: "127.0.0.1", port: 1883, clientId: "steward-site-12" },
              store: { path: "/var/lib/steward/steward.db" },
              profiles: ["/usr/share/steward/DeviceProfiles", "/etc/steward/profiles.d"],
              http: { listen: "127.0.0.1:8420" },
            }
            """)
        #expect(configuration.gatewayID == "site-12" && configuration.core.gatewayID == "site-12")
        #expect(configuration.mqtt.clientID == "steward-site-12" && configuration.mqtt.port == 1883 && !configuration.mqtt.isTLS)
        #expect(configuration.profiles.count == 2)
        #expect(configuration.http.listen == "127.0.0.1:8420" && configuration.http.tokenFile == nil)
    }

    @Test func formsOfTheSparkplugState() throws {
        func states(_ list: String) throws -> [SparkplugState] {
            try read("{ mqtt: { sparkplugHostId: \"a\", sparkplugStates: \(list) } }").mqtt.sparkplugStates
        }
        #expect(try read("{}").mqtt.sparkplugStates == [.version30])
        #expect(try states(#"["2.2", "3.0"]"#) == [.version30, .version22] && states(#""2.2""#) == [.version22])
        for wrong in ["[]", #"["2.1"]"#, #"["3.0", "3.0"]"#] { #expect(throws: (any Error).self, "\(wrong)") { try states(wrong) } }
    }

    @Test func defaultsAndEverythingElse() throws {
        #expect(try read("{}").mqtt.port == 1883)
        let full = try read(
            """
            { gateway: { id: "g" }, mqtt: { tls: { caFile: "/ca" }, version: "5", username: "u", passwordFile: "/p", receiveMaximum: 5000, subscriptions: "a/#" },
              orders: { url: "https://x/y", secretFile: "/s", giveUpAfterHours: 2 }, profiles: "/one",
              limits: { devices: 5, payloadBytes: 1000, openCommands: 3, dispatchWindowMinutes: 7, outbox: 9, deadLetters: 8, journal: 7 },
              http: { listen: "0.0.0.0:80", tokenFile: "/t" }, store: { historyDays: 3, historyMegabytes: 2, keepInboxMegabytes: 0 } }
            """)
        #expect(full.mqtt.port == 8883 && full.mqtt.isTLS && full.mqtt.version == .v5 && full.mqtt.clientID == "steward-g")
        #expect(full.mqtt.subscriptions == ["a/#"] && full.profiles == ["/one"])
        #expect(full.core.repeatWindow == 16_384 && full.core.maximumDevices == 5 && full.core.dispatchWindowMilliseconds == 420_000)
        #expect(full.orders?.giveUpAfterMilliseconds == 7_200_000 && full.tickets == nil)
        #expect(full.limits.outboxEntries == 9 && full.limits.deadLetterEntries == 8 && full.limits.journalEntries == 7)
        #expect(full.store.keepInboxBytes == 0 && full.store.historyBytes == 2 << 20)
    }

    @Test(arguments: [
        ("{\n  mqtt: { prot: 1883 } }", "steward.json:2:11: unknown key \"prot\" in the broker's settings, did you mean \"port\"?"),
        ("{ mqt: {} }", "steward.json:1:3: unknown key \"mqt\" in the configuration, did you mean \"mqtt\"?"),
        ("{ mqtt: { port: \"1883\" } }", "steward.json:1:17: \"port\" must be a whole number from 1 to 65535"),
        ("{ mqtt: { port: 70000 } }", "steward.json:1:17: \"port\" must be a whole number from 1 to 65535"),
        ("{ mqtt: { port: 18.5 } }", "steward.json:1:17:"),
        ("{ mqtt: [] }", "steward.json:1:9: expected the broker's settings as an object { … }, found a list"),
        ("{ mqtt: { host: 5 } }", "steward.json:1:17: \"host\" must be a string, found a number"),
        ("{\n mqtt: {\n  password: \"secret\" } }", "steward.json:3:3: a password never stands in the configuration"),
        ("{ mqtt: { tls: { certificateFile: \"/c\" } } }", "certificateFile and keyFile belong together"),
        ("{ mqtt: { version: \"4\" } }", "mqtt.version is \"auto\", \"3.1.1\" or \"5\""),
        ("{ http: { listen: \"0.0.0.0:80\" } }", "steward.json:1:9: http.listen is not loopback, so http.tokenFile must name"),
        ("{ http: { listen: \"[::]:80\" } }", "not loopback"),
        ("{ http: { listen: \"127.0.0.1.example.org:80\" } }", "not loopback"),
        ("{ http: { listen: \"localhost.example.org:80\" } }", "not loopback"),
        ("{ http: { token: \"x\" } }", "unknown key \"token\" in the HTTP settings; known are listen, tokenFile"),
        ("{ orders: { secret: \"x\" } }", "needs \"url\": an http or https address"),
        ("{ orders: { url: \"ftp://x\" } }", "orders.url must begin with http:// or https://"),
        ("{ gateway: { id: \"a/b\" } }", "gateway.id needs 1 to 64 plain characters"),
        ("{ gateway: { id: \"\" } }", "gateway.id needs 1 to 64 plain characters"),
        ("{ profiles: [1] }", "steward.json:1:14: \"profiles\" must be a list of strings"),
        ("{ limits: { payloadBytes: 1 } }", "steward.json:1:27: \"payloadBytes\" must be a whole number from 256"),
        ("[]", "steward.json:1:1: expected the configuration as an object"), ("", "steward.json:1:1: expected a value"),
        ("{ mqtt: { host: \"x\" port: 1 } }", "steward.json:1:21: expected , or }"),
    ]) func aMistakeIsRefusedWithItsPlace(_ text: String, _ words: String) {
        let found = problems(text)
        #expect(found.contains { $0.contains(words) }, "\(words) is missing in \(found)")
    }

    @Test func aPasswordIsToldOnceAndNeverShown() {
        let found = problems("{ mqtt: { password: \"secret\" } }")
        #expect(found.count == 1)
        #expect(!found.joined().contains("secret\""))
    }

    @Test func loopbackNeedsNoToken() {
        for host in ["127.0.0.1:1", "127.8.8.8:1", "[::1]:80", "localhost:80"] {
            #expect(problems("{ http: { listen: \"\(host)\" } }").isEmpty)
        }
    }

    @Test func allMistakesAreToldInOneRun() {
        #expect(problems("{ mqtt: { prot: 1, host: 1 }, store: 5, colour: 2, limits: { devices: 0 } }").count == 5)
    }

    @Test func aFileThatIsMissingSaysWhatToDo() throws {
        let directory = try TemporaryDirectory()
        for path in [directory.url.path + "/none.json", directory.url.path] {
            do {
                _ = try ConfigurationReader.read(path: path)
                Issue.record("read \(path)")
            } catch {
                #expect("\(error)".hasPrefix("\(path): the configuration cannot be read ("))
                #expect("\(error)".contains("--config FILE"))
            }
        }
        let file = try directory.write("a.json", "{ http: 5 }")
        #expect(throws: DocumentProblems.self) { try ConfigurationReader.read(path: file) }
    }

    @Test func secretsAreTheFirstLineOfTheirFile() throws {
        let directory = try TemporaryDirectory()
        #expect(try FileProblem.secret(try directory.write("s", "geheim\r\nmore"), key: "k") == "geheim")
        let empty = try directory.write("e", "\n\n")
        #expect(throws: ConfigurationError.self) { try FileProblem.secret(empty, key: "k") }
        do { _ = try FileProblem.secret(directory.url.path + "/none", key: "mqtt.passwordFile") } catch {
            #expect("\(error)".contains("mqtt.passwordFile") && "\(error)".contains("No such file"))
        }
    }
}
