import Glibc

/// A folder that another program empties: a file appears in it whole or not at all.
///
/// The bytes are written under a hidden name, flushed to the disk, and given their name by a link, which fails where the name is taken.
public struct DropFolder: Sendable {
    public enum Outcome: Sendable, Equatable {
        case written
        /// A file of that name is there, with the same bytes: an earlier try got this far.
        case repeated
        /// A file of that name is there with other bytes.
        case nameInUse
        case failed(reason: String)
    }

    private let path: String
    private let owner: String

    /// - Parameter owner: the writer's name, a part of the draft's file name. Two writers that share a folder must not write the same draft, or
    ///   the second would change the file that the first has just named. A writer finds its own draft again after a crash.
    public init(path: String, owner: String = "") {
        self.path = path.hasSuffix("/") ? path : path + "/"
        self.owner = Self.isPlain(owner) ? owner + "." : ""
    }

    /// Why nothing can be written there; nil when all is well.
    public var problem: String? {
        access(path, W_OK | X_OK) == 0 ? nil : String(cString: strerror(errno))
    }

    /// - Parameter name: letters, digits, `.`, `_` and `-`, not beginning with a dot; anything else is refused.
    public func write(_ bytes: [UInt8], name: String) -> Outcome {
        guard Self.isPlain(name) else { return .failed(reason: "\"\(name.prefix(64))\" is no file name that is used here") }
        let target = path + name
        if let present = Self.read(target, atMost: bytes.count + 1) { return present == bytes ? .repeated : .nameInUse }
        let draft = path + "." + name + "." + owner + "part"
        // A draft that did not fit must not take the room that others need.
        defer { unlink(draft) }
        if let reason = Self.writeFlushed(bytes, draft) { return .failed(reason: reason) }
        guard link(draft, target) == 0 else {
            let problem = errno
            guard problem == EEXIST else { return .failed(reason: String(cString: strerror(problem))) }
            return Self.read(target, atMost: bytes.count + 1) == bytes ? .repeated : .nameInUse
        }
        return Self.flushDirectory(path).map { .failed(reason: $0) } ?? .written
    }

    private static func isPlain(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count) && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || "._-".utf8.contains(byte)
            }
    }

    private static func writeFlushed(_ bytes: [UInt8], _ path: String) -> String? {
        // A draft that a crash left behind is written anew; a link in its place is not followed.
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard file >= 0 else { return String(cString: strerror(errno)) }
        defer { close(file) }
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress.map { $0 + offset }, bytes.count - offset) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(cString: strerror(errno)) }
            offset += count
        }
        return fsync(file) == 0 ? nil : String(cString: strerror(errno))
    }

    private static func flushDirectory(_ path: String) -> String? {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return String(cString: strerror(errno)) }
        defer { close(directory) }
        return fsync(directory) == 0 ? nil : String(cString: strerror(errno))
    }

    /// Nil when there is no such file.
    private static func read(_ path: String, atMost limit: Int) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var filled = 0
        while filled < limit {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress.map { $0 + filled }, limit - filled) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            filled += count
        }
        return Array(bytes[..<filled])
    }
}
