import Foundation
import Testing

@testable import Outbound

@Suite struct DropFolderTests {
    private let directory: URL
    private let folder: DropFolder

    init() throws {
        directory = URL(filePath: NSTemporaryDirectory()).appending(path: "drop-\(UInt64.random(in: 0...UInt64.max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        folder = DropFolder(path: directory.path)
    }

    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }

    @Test func aFileAppearsWholeAndOnce() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        #expect(folder.problem == nil)
        #expect(folder.write([1, 2, 3], name: "or-1.csv") == .written)
        #expect(folder.write([1, 2, 3], name: "or-1.csv") == .repeated)
        #expect(folder.write([1, 2, 4], name: "or-1.csv") == .nameInUse)
        #expect(folder.write([1, 2], name: "or-1.csv") == .nameInUse)
        #expect(folder.write([], name: "empty") == .written)
        #expect(try names() == ["empty", "or-1.csv"], "no draft stays behind")
        #expect(try Data(contentsOf: directory.appending(path: "or-1.csv")) == Data([1, 2, 3]))
    }

    @Test func aDraftOfACrashIsWrittenAnewAndALinkIsNotFollowed() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        try Data([9, 9, 9, 9, 9]).write(to: directory.appending(path: ".a.part"))
        #expect(folder.write([1], name: "a") == .written)
        #expect(try Data(contentsOf: directory.appending(path: "a")) == Data([1]))
        let victim = directory.appending(path: "victim")
        try Data([7]).write(to: victim)
        try FileManager.default.createSymbolicLink(at: directory.appending(path: ".b.part"), withDestinationURL: victim)
        guard case .failed = folder.write([1], name: "b") else {
            Issue.record("the link was followed")
            return
        }
        #expect(try Data(contentsOf: victim) == Data([7]))
    }

    /// Two gateways that share a folder: each order is one file with the bytes of one of them, and only that one is told so.
    @Test func twoWritersOfOneNameNeverMixTheirBytes() async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.path
        for round in 0..<40 {
            async let one = Self.write(path, owner: "north", byte: 1, name: "or-\(round)")
            async let two = Self.write(path, owner: "south", byte: 2, name: "or-\(round)")
            let outcomes = await [one, two]
            let bytes = [UInt8](try Data(contentsOf: directory.appending(path: "or-\(round)")))
            let winner = outcomes[0] == .written ? 1 : 2
            #expect(Set(outcomes.map { "\($0)" }) == ["written", "nameInUse"], "round \(round): \(outcomes)")
            // Compared outside, as a difference of long lists takes long to tell.
            let isWhole = bytes == [UInt8](repeating: UInt8(winner), count: 100_000)
            #expect(isWhole, "round \(round)")
        }
        #expect(try names().count == 40, "no draft stays behind")
    }

    private static func write(_ path: String, owner: String, byte: UInt8, name: String) async -> DropFolder.Outcome {
        DropFolder(path: path, owner: owner).write([UInt8](repeating: byte, count: 100_000), name: name)
    }

    @Test(arguments: ["", ".", "..", ".hidden", "../x", "a/b", "a\0b", "ä", "a b", String(repeating: "x", count: 129)])
    func namesThatAreNone(_ name: String) throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        guard case .failed = folder.write([1], name: name) else {
            Issue.record("\(name) was taken")
            return
        }
        #expect(try names().isEmpty)
    }

    @Test func aFolderThatIsGone() {
        try? FileManager.default.removeItem(at: directory)
        #expect(folder.problem != nil)
        guard case .failed = folder.write([1], name: "a") else {
            Issue.record("it was written nowhere")
            return
        }
    }

    @Test func addressesThatWouldBecomeCommands() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let client = try MailClient(configuration: MailClient.Configuration(url: "smtp://127.0.0.1:1"))
        for bad in ["", "a b@c", "a@b>\r\nRCPT TO:<x@y", "<a@b>", "a@b\n"] {
            guard case .refused = client.send(from: "a@b", to: [bad], message: [1]) else {
                Issue.record("\(bad) was taken")
                continue
            }
        }
        guard case .retry = client.send(from: "a@b", to: ["c@d"], message: [1]) else {
            Issue.record("nobody listens there")
            return
        }
    }
}
