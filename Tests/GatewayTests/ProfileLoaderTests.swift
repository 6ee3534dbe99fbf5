import Foundation
import Telemetry
import Testing

@testable import Gateway

@Suite struct ProfileLoaderTests {
    private func profile(_ name: String, _ topic: String) -> String {
        "{ profile: '\(name)', messages: [{ topic: '\(topic)' }], metrics: { x: { pointer: '/x' } } }"
    }

    private func problems(_ paths: [String]) -> String {
        do {
            _ = try ProfileLoader.load(paths)
            return ""
        } catch { return "\(error)" }
    }

    @Test func filesAndFoldersAndTheirFolders() throws {
        let directory = try TemporaryDirectory()
        let named = try directory.write("elsewhere/c.json", profile("c", "c/{device}"))
        _ = try directory.write("p/a.json", profile("a", "a/{device}"))
        _ = try directory.write("p/b/b.json", profile("b", "b/{device}"))
        _ = try directory.write("p/b/README.md", "no profile")
        _ = try directory.write("p/profile.schema.json", "{}")
        _ = try directory.write("p/.hidden/x.json", "not read")
        let loaded = try ProfileLoader.load([directory.url.path + "/p", named, ProfileLoader.optionalDirectory])
        #expect(loaded.map(\.name) == ["a", "b", "c"])
        #expect(ProfileLoader.subscriptions(loaded) == ["a/+", "b/+", "c/+"])
    }

    /// A pipe without a writer would hold a reader for ever, and with it the whole reload.
    @Test(.timeLimit(.minutes(1))) func whatIsNoRegularFileIsAMistakeAndNobodyWaitsForIt() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write("p/a.json", profile("a", "a/{device}"))
        #expect(mkfifo(directory.url.path + "/p/pipe.json", 0o600) == 0)
        #expect(problems([directory.url.path + "/p"]).contains("pipe.json:1:1: cannot be read: it is no regular file"))
        #expect(unlink(directory.url.path + "/p/pipe.json") == 0)
        #expect(symlink("/dev/zero", directory.url.path + "/p/endless.json") == 0)
        #expect(problems([directory.url.path + "/p"]).contains("endless.json:1:1: cannot be read: it is no regular file"))
        // A secret that is one would hold the start.
        #expect(mkfifo(directory.url.path + "/secret", 0o600) == 0)
        #expect(throws: ConfigurationError.self) { try FileProblem.secret(directory.url.path + "/secret", key: "http.tokenFile") }
    }

    @Test func nothingFoundIsAnError() throws {
        let directory = try TemporaryDirectory()
        for paths in [[], [directory.url.path]] { #expect(problems(paths).hasPrefix("no device profile (*.json) was found in")) }
        // A place that a person named and that is not there is told, even when another one has profiles.
        let file = try directory.write("a.json", profile("a", "a/{device}"))
        let missing = directory.url.path + "/missing"
        #expect(problems([file, missing]) == "profiles: \(missing): No such file or directory")
    }

    @Test func twoProfilesMustNotReadOneTopic() throws {
        let directory = try TemporaryDirectory()
        let first = try directory.write("a.json", profile("a", "x/{device}/data"))
        let second = try directory.write("b.json", profile("b", "x/+/{device}"))
        _ = try directory.write("c.json", profile("a", "y/{device}"))
        #expect(
            problems([first, second]).contains("match the same messages; make one narrower, give the one that shall yield general: true"))
        #expect(problems([first, second]).contains("b.json:1:37"))
        #expect(problems([directory.url.path]).contains("the profile \"a\" is defined in \(first) already"))
    }

    /// What a site writes goes before what is shipped under the same name, also for those that extend it.
    @Test func aLaterDirectoryReplacesProfilesByName() throws {
        let (shipped, own) = (try TemporaryDirectory(), try TemporaryDirectory())
        _ = try shipped.write("a.json", profile("a", "x/{device}"))
        _ = try shipped.write("b.json", "{ profile: 'b', extends: 'a', messages: [{ topic: 'b/{device}' }] }")
        _ = try own.write("mine.json", profile("a", "y/{device}"))
        let loaded = try ProfileLoader.load([shipped.url.path, own.url.path])
        #expect(loaded.map(\.name) == ["b", "a"] && loaded.flatMap(\.messages).map(\.topic.text) == ["b/{device}", "y/{device}"])
        #expect(ProfileLoader.examine([own.url.path], beside: [shipped.url.path]).set.diagnostics.isEmpty)
        #expect(ProfileLoader.examine([shipped.url.path + "/a.json", own.url.path]).set.diagnostics.count == 1)
        // The folder of one profile, or its file, is enough.
        #expect(try ProfileLoader.load([shipped.url.path + "/a.json"]).map(\.name) == ["a"])
    }

    @Test func topicsThatAreSkippedAreNotSubscribedTo() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "a.json", "{ profile: 'a', messages: [{ topic: 'z/{device...}/set', skip: true }, { topic: 'z/{device...}' }], metrics: { } }")
        #expect(ProfileLoader.subscriptions(try ProfileLoader.load([file])) == ["z/+", "z/+/+", "z/+/+/+", "z/+/+/+/+", "z/+/+/+/+/+"])
    }

    @Test func mistakesOfAllFilesAreToldTogether() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write("a.json", "{ profile: 'a' }")
        _ = try directory.write("b.json", "{ profile: 5,\n x }")
        let found = problems([directory.url.path])
        #expect(found.contains("a.json:1:1:") && found.contains("b.json:2:"))
    }

    @Test func theShippedProfilesLoadTogether() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let loaded = try ProfileLoader.load([root.appending(path: "DeviceProfiles").path])
        #expect(loaded.map(\.name).contains("steward-native") && loaded.map(\.name).contains("bambu-lab"))
        #expect(ProfileLoader.subscriptions(loaded).contains("devices/+/telemetry"))
    }
}
