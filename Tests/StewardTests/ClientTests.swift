import Foundation
import HTTPService
import Testing

@testable import TerminalProgram
@testable import steward

/// The program itself against a real server.
@Suite struct ClientTests {
    struct Outcome {
        let code: Int32
        let output: String
        let error: String
    }

    /// The program that was built beside these tests.
    private static func steward(_ words: [String], environment: [String: String] = [:]) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "steward")
        process.arguments = words
        process.environment = environment
        let directory = FileManager.default.temporaryDirectory.appending(path: "steward-client-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        // Files and not pipes: nobody need read them while the program runs.
        let (out, err) = (directory.appending(path: "out"), directory.appending(path: "err"))
        try Data().write(to: out)
        try Data().write(to: err)
        process.standardOutput = try FileHandle(forWritingTo: out)
        process.standardError = try FileHandle(forWritingTo: err)
        try process.run()
        process.waitUntilExit()
        return Outcome(
            code: process.terminationStatus, output: String(decoding: try Data(contentsOf: out), as: UTF8.self),
            error: String(decoding: try Data(contentsOf: err), as: UTF8.self))
    }

    private static let alarms =
        #"{"alarms":[{"alarm":"al-1","device":"p\u001b[2J\n1","condition":"jam","severity":"critical","text":"Paper","state":"unacknowledged","onset":0}]}"#

    /// Answers as a gateway would, and puts what it was asked into `device` of a status.
    private static func withServer(_ body: (String) throws -> Void) throws {
        let server = try HTTPServer(configuration: HTTPServerConfiguration(listen: "127.0.0.1:0")) { request in
            switch request.path.joined(separator: "/") {
            case "api/v1/alarms": return .json(Array(alarms.utf8))
            case "api/v1/tickets":
                return request.bearerToken == "s3cret"
                    ? .json(Array(#"{"tickets":[]}"#.utf8)) : .problem(status: 401, title: "Unauthorized", detail: "a token is needed")
            case "api/v1/orders": return .text("hello")
            case "api/v1/actions": return .problem(status: 500, title: "Broken", detail: "it\u{1B}[2J broke")
            case "api/v1/devices/a b/ü?#":
                return .json(Array(#"{"device":"found","supplies":[],"metrics":[]}"#.utf8))
            case "api/v1/devices/d/history/m":
                let asked = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
                return .json(Array(#"{"device":"d","metric":"\#(asked)","unit":"Cel","samples":[[1000,1.5],[2000,null]]}"#.utf8))
            default: return .problem(status: 404, title: "Not found", detail: "there is no such device")
            }
        }
        defer { server.stop() }
        try body("http://127.0.0.1:\(server.boundPort)")
    }

    @Test func showsTablesAndPlainJSON() throws {
        try Self.withServer { url in
            let table = try Self.steward(["alarms", "--url", url])
            #expect(table.code == 0 && table.error.isEmpty)
            #expect(table.output.contains("critical  unacknowledged  p␛[2J␊1"))
            #expect(!table.output.contains("\u{1B}"))
            // The address may come from the environment, with a slash at its end.
            let json = try Self.steward(["alarms", "--json"], environment: ["STEWARD_URL": url + "/"])
            #expect(json.output == Self.alarms + "\n")
            let narrow = try Self.steward(["alarms"], environment: ["STEWARD_URL": url, "COLUMNS": "60"])
            #expect(narrow.output.split(separator: "\n").allSatisfy { TerminalText.width(String($0)) <= 60 })
        }
    }

    @Test func encodesPathsAndPassesTimes() throws {
        try Self.withServer { url in
            let device = try Self.steward(["device", "a b/ü?#", "--url", url])
            #expect(device.code == 0, "\(device)")
            #expect(device.output.contains("found") && device.output.contains("No alarm is active."))
            let history = try Self.steward(["history", "d", "m", "--from", "1970-01-01", "--to=5000", "--url", url])
            #expect(history.output.contains("from=0,to=5000 of d: 2 samples, 1.5 to 1.5 °C"), "\(history)")
            #expect(history.output.contains("unknown"))
        }
    }

    @Test func tellsErrorsApart() throws {
        try Self.withServer { url in
            let missing = try Self.steward(["device", "nope", "--url", url])
            #expect(missing.code == 3)
            #expect(missing.error == "steward device: there is no such device\n")
            let broken = try Self.steward(["actions", "--url", url])
            #expect(broken.code == 1)
            #expect(broken.error == "steward actions: the gateway answers with status 500: it␛[2J broke\n")
            let foreign = try Self.steward(["orders", "--url", url])
            #expect(foreign.code == 1 && foreign.error.contains("no JSON"))
            #expect(try Self.steward(["device", "..", "--url", url]).code == 3)
        }
    }

    @Test func sendsTheToken() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "steward-token-\(UUID().uuidString)")
        try Data("s3cret\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try Self.withServer { url in
            let without = try Self.steward(["tickets", "--url", url])
            #expect(without.code == 1 && without.error.contains("--token-file"))
            let with = try Self.steward(["tickets", "--url", url, "--token-file", file.path])
            #expect(with.code == 0 && with.output == "There is no ticket.\n", "\(with)")
            #expect(try Self.steward(["tickets", "--url", url, "--token-file", file.path + "x"]).code == 1)
        }
    }

    @Test func saysThatNobodyAnswers() throws {
        var url = ""
        // The port was free a moment ago, and is again.
        try Self.withServer { url = $0 }
        let outcome = try Self.steward(["status", "--url", url])
        #expect(outcome.code == 1)
        #expect(outcome.error == "steward status: no gateway answers at \(url): is steward running? (systemctl status steward)\n")
    }

    @Test(arguments: [
        ["statsu"], ["status", "--jsno"], ["status", "extra"], ["device"], ["alarms", "--limit", "0"], ["status", "--url", "ftp://x"],
        ["--nope"],
        ["history", "d", "m", "--from", "soon"],
    ])
    func usageErrorsAreExitCodeTwo(_ words: [String]) throws {
        let outcome = try Self.steward(words)
        #expect(outcome.code == 2 && outcome.output.isEmpty)
        #expect(outcome.error.hasPrefix("steward") && outcome.error.contains("--help"))
    }

    @Test func everySubcommandHasHelpAndIsListed() throws {
        let overview = try Self.steward([])
        #expect(overview.code == 0)
        #expect(try Self.steward(["--help"]).output == overview.output)
        #expect(try Self.steward(["--version"]).output == "steward 0.1.0\n")
        for subcommand in Subcommands.all {
            #expect(overview.output.contains("  \(subcommand.name) "))
            let help = try Self.steward([subcommand.name, "--help"])
            #expect(help.code == 0 && help.output.contains("Usage: steward \(subcommand.name)"))
            for option in subcommand.usage.options { #expect(help.output.contains("--\(option.name)")) }
        }
    }
}
