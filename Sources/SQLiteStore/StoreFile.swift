import Glibc

/// Checks of the database file before and while SQLite opens it, so that the errors of a start say what to do.
enum StoreFile {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func requireFile(_ path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw StoreError(.missing, message: "there is no store at \(path): check the path, or start the gateway once")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StoreError(.notADatabase, message: "\(path) is not a regular file: the store's path must name a file")
        }
    }

    /// The path with symbolic links resolved where the file exists, so that one file has one lock whatever name leads to it.
    static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    static func bytes(_ path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }

    /// Puts the path into errors of `body`, for those that read them in a log.
    static func explaining<T>(_ path: String, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as StoreError where !error.message.contains(path) {
            throw StoreError(error.kind, code: error.code, message: "\(path): \(error.message)", sql: error.sql)
        }
    }

    /// Makes a file and its name in its directory survive a loss of power.
    static func sync(_ path: String) throws {
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        for name in [path, directory] {
            let descriptor = Glibc.open(name, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw StoreError(.ioError, message: "cannot open \(name): \(String(cString: strerror(errno)))") }
            defer { Glibc.close(descriptor) }
            guard fsync(descriptor) == 0 else {
                throw StoreError(.ioError, message: "cannot flush \(name): \(String(cString: strerror(errno)))")
            }
        }
    }
}
