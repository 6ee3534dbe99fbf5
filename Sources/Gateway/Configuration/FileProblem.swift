import FoundationEssentials
import Glibc

/// Files named in the configuration: read with a reason when they cannot be.
public enum FileProblem {
    /// Why a path cannot be read, in words.
    public static func reason(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor < 0 else {
            close(descriptor)
            return "it is no regular file"
        }
        return String(cString: strerror(errno))
    }

    /// A secret: the file's first line. Relative names are looked for in `$CREDENTIALS_DIRECTORY` first, as systemd's LoadCredential lays them.
    public static func secret(_ path: String, key: String) throws -> String {
        var candidates = [path]
        if !path.hasPrefix("/"), let directory = getenv("CREDENTIALS_DIRECTORY") {
            candidates.insert(String(cString: directory) + "/" + path, at: 0)
        }
        for candidate in candidates {
            guard let data = try? Data(contentsOf: URL(filePath: candidate)) else { continue }
            let line = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            guard !line.isEmpty else { throw ConfigurationError("\(key): \(candidate) is empty; its first line must be the secret") }
            return line
        }
        throw ConfigurationError("\(key): \(path) cannot be read (\(reason(path)))")
    }
}
