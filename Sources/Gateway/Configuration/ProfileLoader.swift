import CivilCalendar
import Documents
import FoundationEssentials
import Glibc
import Telemetry

/// Finds and reads the device profiles: `*.json` in the named directories and in their direct subdirectories, or named files. A profile of a later
/// directory replaces one of the same name of an earlier one.
public enum ProfileLoader {
    /// Where an operator may add profiles; the only place that need not be there.
    static let optionalDirectory = "/etc/steward/profiles.d"

    /// All or nothing: throws `DocumentProblems` with every mistake of every file, or a `ConfigurationError` for a place that is not there.
    /// `warn` is given what is no mistake and most likely not meant.
    public static func load(_ paths: [String], warn: (Diagnostic) -> Void = { _ in }) throws -> [DeviceProfile] {
        var files: [(path: String, layer: Int)] = []
        for (layer, path) in paths.enumerated() {
            guard access(path, F_OK) == 0 || path == optionalDirectory else {
                throw ConfigurationError("profiles: \(path): \(String(cString: strerror(errno)))")
            }
            files.append(contentsOf: Self.files(in: path).map { ($0, layer) })
        }
        guard !files.isEmpty else {
            throw ConfigurationError(
                "no device profile (*.json) was found in \(paths.joined(separator: ", ")); see \"profiles\" in the configuration")
        }
        let set = read(files)
        guard set.diagnostics.isEmpty else { throw DocumentProblems(set.diagnostics) }
        set.warnings.forEach(warn)
        return set.profiles
    }

    /// All profiles of some files and directories together with all their mistakes. A place that is not there, or that has no profile, is
    /// one of them. They replace profiles of the same name in `others`, but not one another.
    public static func examine(_ paths: [String], beside others: [String] = []) -> (files: [String], set: ProfileSet) {
        var found: [(path: String, layer: Int)] = []
        for (layer, path) in Array(others.enumerated()).map({ ($0.offset, $0.element) }) + paths.map({ (others.count, $0) }) {
            let files = files(in: path)
            // Naming a file twice, or a directory and a file in it, is no mistake.
            for file in files.isEmpty ? [path] : files where !found.contains(where: { $0.path == file }) { found.append((file, layer)) }
        }
        return (found.map(\.path), read(found))
    }

    private static func read(_ files: [(path: String, layer: Int)]) -> ProfileSet {
        ProfileSet(files.map { ($0.path, contents($0.path)) }, layers: files.map(\.layer), zones: zone)
    }

    private static func contents(_ file: String) -> Result<[UInt8], Diagnostic> {
        FileProblem.contents(file).mapError { problem in
            var status = stat()
            let isDirectory = stat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            let reason = isDirectory ? "no profile (*.json) is in this directory" : "cannot be read: \(problem)"
            return Diagnostic(file: file, position: SourcePosition(line: 1, column: 1), message: reason)
        }
    }

    /// The rules of a zone from the system's own files.
    static func zone(_ name: String) -> ZoneRules? {
        zoneBytes(name).flatMap { try? ZoneRules(tzif: Array($0)) }
    }

    /// The zone's file as it is.
    package static func zoneBytes(_ name: String) -> Data? {
        guard ZoneRules.isName(name) else { return nil }
        guard case .success(let bytes) = FileProblem.contents("/usr/share/zoneinfo/" + name) else { return nil }
        return Data(bytes)
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
        for filter in profiles.flatMap({ ($0.messages.filter { !$0.isSkipped }.map(\.topic) + $0.replies.map(\.topic)).flatMap(\.filters) })
        where !filters.contains(filter) {
            filters.append(filter)
        }
        return filters
    }
}
