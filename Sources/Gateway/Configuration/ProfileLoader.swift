import FoundationEssentials
import Glibc
import Telemetry

/// Finds and reads the device profiles: `*.json` in the named directories and in their direct subdirectories, or named files.
public enum ProfileLoader {
    /// Where an operator may add profiles; the only place that need not be there.
    static let optionalDirectory = "/etc/steward/profiles.d"

    /// All or nothing: throws `DocumentProblems` with every mistake of every file, or a `ConfigurationError` for a place that is not there.
    public static func load(_ paths: [String]) throws -> [DeviceProfile] {
        var problems: [Diagnostic] = []
        var profiles: [DeviceProfile] = []
        var files: [String] = []
        for path in paths {
            guard access(path, F_OK) == 0 || path == optionalDirectory else {
                throw ConfigurationError("profiles: \(path): \(String(cString: strerror(errno)))")
            }
            files.append(contentsOf: Self.files(in: path))
        }
        guard !files.isEmpty else {
            throw ConfigurationError(
                "no device profile (*.json) was found in \(paths.joined(separator: ", ")); see \"profiles\" in the configuration")
        }
        for file in files {
            guard let data = try? Data(contentsOf: URL(filePath: file)) else {
                problems.append(
                    Diagnostic(
                        file: file, position: SourcePosition(line: 1, column: 1), message: "cannot be read: \(FileProblem.reason(file))"))
                continue
            }
            do { profiles.append(try ProfileReader.read(Array(data), file: file, zones: zone)) } catch {
                problems.append(contentsOf: error.diagnostics)
            }
        }
        problems.append(contentsOf: conflicts(profiles))
        guard problems.isEmpty else { throw DocumentProblems(problems) }
        return profiles
    }

    /// The rules of a zone from the system's own files.
    static func zone(_ name: String) -> ZoneRules? {
        guard ZoneRules.isName(name), let data = try? Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/" + name)) else { return nil }
        return try? ZoneRules(tzif: Array(data))
    }

    /// Two profiles of one name, or two that would read one topic.
    static func conflicts(_ profiles: [DeviceProfile]) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        func add(_ profile: DeviceProfile, _ message: String) {
            problems.append(Diagnostic(file: profile.source, position: SourcePosition(line: 1, column: 1), message: message))
        }
        for (index, profile) in profiles.enumerated() {
            for other in profiles[..<index] {
                if profile.name == other.name { add(profile, "the profile \"\(profile.name)\" is defined in \(other.source) already") }
                // A general rule yields to others, but two of them would leave it to chance.
                for rule in profile.messages {
                    let topic = rule.topic
                    if let clash = other.messages.first(where: { $0.isGeneral == rule.isGeneral && $0.topic.overlaps(topic) })?.topic {
                        add(
                            profile,
                            "topic \"\(topic.text)\" and \"\(clash.text)\" of profile \"\(other.name)\" (\(other.source)) match the same messages; make one narrower"
                        )
                    }
                }
            }
        }
        return problems
    }

    private static func files(in path: String) -> [String] {
        var status = stat()
        guard stat(path, &status) == 0 else { return [] }
        guard status.st_mode & S_IFMT == S_IFDIR else { return [path] }
        let names = entries(path)
        var found = names.filter { $0.hasSuffix(".json") && $0 != "profile.schema.json" }.map { path + "/" + $0 }
        for name in names where !name.hasPrefix(".") {
            let inner = path + "/" + name
            var innerStatus = stat()
            guard stat(inner, &innerStatus) == 0, innerStatus.st_mode & S_IFMT == S_IFDIR else { continue }
            found.append(contentsOf: entries(inner).filter { $0.hasSuffix(".json") }.map { inner + "/" + $0 })
        }
        return found
    }

    private static func entries(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    /// What to subscribe to, so that every topic of the profiles arrives.
    public static func subscriptions(_ profiles: [DeviceProfile]) -> [String] {
        var filters: [String] = []
        for filter in profiles.flatMap({ $0.messages.map(\.topic.filter) + $0.replies.map(\.topic.filter) }) where !filters.contains(filter)
        {
            filters.append(filter)
        }
        return filters
    }
}
