import FoundationEssentials
import Glibc

/// The process's own memory limit, a little below the one of its service unit.
///
/// At the unit's limit the kernel kills the process, and the message that was being processed stays unknown. At the process's own limit an
/// allocation fails: the Swift runtime ends the program with a signal, whose handler marks the message, and the libraries report an error
/// (SQLite a failed commit, libcurl a failed delivery, libmosquitto a lost connection).
enum MemoryLimit {
    /// `megabytes`: nil fits the limit to the control group's, 0 sets none.
    /// Returns the bytes that are now the limit of the process's writable memory (RLIMIT_DATA), or nil for none.
    @discardableResult
    static func set(megabytes: Int?) -> Int? {
        guard let bytes = megabytes.map({ $0 << 20 }) ?? controlGroupBytes().map({ $0 / 16 * 15 }), bytes > 0 else { return nil }
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit) == 0 else { return nil }
        limit.rlim_cur = min(rlim_t(bytes), limit.rlim_max)
        guard setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit) == 0 else {
            Log.warning("the memory limit cannot be set", ["reason": String(cString: strerror(errno))])
            return nil
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// The smallest memory.max from the process's own control group (version 2) upwards; nil when there is none.
    static func controlGroupBytes(root: String = "/sys/fs/cgroup", membership: String = "/proc/self/cgroup") -> Int? {
        guard let text = text(membership), let line = text.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else { return nil }
        var path = line.dropFirst(3)
        var smallest: Int?
        while true {
            let own = self.text("\(root)\(path)/memory.max").flatMap { Int($0.prefix { !$0.isNewline }) }
            if let own { smallest = min(smallest ?? own, own) }
            guard let slash = path.lastIndex(of: "/"), path.count > 1 else { return smallest }
            path = path[..<slash]
        }
    }

    private static func text(_ path: String) -> String? {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }
}
