import CSQLite
import Foundation

/// What a disk does at one of its calls.
enum DiskFault: Equatable {
    /// The call fails and changes nothing, and so do the ones after it, so many in all.
    case error(calls: Int)
    /// The program is dead from this call on: nothing more reaches the disk.
    case death
}

/// The disk under one store: it counts the calls of SQLite, fails at those that it is told, and knows what a loss of power would undo.
final class SimulatedDisk {
    let directory: String
    private(set) var calls = 0
    /// At which call which fault comes; one at a time.
    var fault: (call: Int, kind: DiskFault)?
    private(set) var isDead = false
    private var failing = 0
    /// A call has failed since the start of the program.
    private(set) var hasFailed = false
    /// What was written and not flushed, the oldest first: what stood there before.
    private var unflushed: [Unflushed] = []

    private struct Unflushed {
        let path: String
        let offset: Int64
        let former: [UInt8]
        let formerSize: Int64
    }

    init(directory: String) { self.directory = directory }

    func kill() { isDead = true }

    /// Whether the next call may go to the file; otherwise it is to fail.
    func allows() -> Bool {
        calls += 1
        if let fault, calls >= fault.call {
            self.fault = nil
            switch fault.kind {
            case .error(let calls): failing = calls
            case .death: isDead = true
            }
        }
        if isDead { return false }
        guard failing > 0 else { return true }
        failing -= 1
        hasFailed = true
        return false
    }

    func willWrite(_ path: String, offset: Int64, former: [UInt8], formerSize: Int64) {
        unflushed.append(Unflushed(path: path, offset: offset, former: former, formerSize: formerSize))
    }

    func flushed(_ path: String) { unflushed.removeAll { $0.path == path } }

    /// The next program finds the files as this one left them or, after a loss of power, without some of what was not flushed: a disk may
    /// have written any of it, and in any order.
    func restart(losesPower: Bool, isLost: () -> Bool) {
        if losesPower {
            for write in unflushed.reversed() where isLost() {
                guard let file = fopen(write.path, "r+") else { continue }
                fseek(file, Int(write.offset), SEEK_SET)
                fwrite(write.former, 1, write.former.count, file)
                fclose(file)
                if write.formerSize < write.offset + Int64(write.former.count) || write.former.isEmpty {
                    truncate(write.path, Int(write.formerSize))
                }
            }
            unlink(directory + "/s.db-shm")
        }
        unflushed = []
        failing = 0
        hasFailed = false
        fault = nil
        isDead = false
    }
}

/// SQLite's layer of files with a disk in between, for the stores whose directories are registered; all others go straight to the system's.
/// (sqlite.org/vfs.html)
enum SimulatedFiles {
    private nonisolated(unsafe) static var disks: [String: SimulatedDisk] = [:]
    private nonisolated(unsafe) static let system: UnsafeMutablePointer<sqlite3_vfs> = sqlite3_vfs_find(nil)
    private static let lock = NSLock()
    private nonisolated(unsafe) static var isInstalled = false

    /// A file of a registered store: the methods that SQLite calls, which disk, and behind it the system's own file.
    private struct Head {
        var base: sqlite3_file
        var disk: Unmanaged<SimulatedDisk>
        var path: UnsafeMutablePointer<CChar>
    }

    private static let headBytes = (MemoryLayout<Head>.size + 15) & ~15

    static func register(_ disk: SimulatedDisk) {
        lock.withLock {
            disks[disk.directory] = disk
            guard !isInstalled else { return }
            isInstalled = true
            let own = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
            own.initialize(to: system.pointee)
            own.pointee.zName = UnsafePointer(strdup("simulated"))
            own.pointee.szOsFile = system.pointee.szOsFile + Int32(headBytes)
            own.pointee.xOpen = { vfs, name, file, flags, outFlags in SimulatedFiles.open(name, file, flags, outFlags) }
            own.pointee.xDelete = { vfs, name, sync in
                if let name, let disk = SimulatedFiles.disk(name), !disk.allows() { return SQLITE_IOERR }
                return SimulatedFiles.system.pointee.xDelete(SimulatedFiles.system, name, sync)
            }
            sqlite3_vfs_register(own, 1)
        }
    }

    static func forget(_ disk: SimulatedDisk) { _ = lock.withLock { disks.removeValue(forKey: disk.directory) } }

    private static func disk(_ name: UnsafePointer<CChar>) -> SimulatedDisk? {
        let path = String(cString: name)
        return lock.withLock { disks[(path as NSString).deletingLastPathComponent] }
    }

    private static func open(
        _ name: UnsafePointer<CChar>?, _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32, _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        guard let name, let file, let disk = disk(name) else { return system.pointee.xOpen(system, name, file, flags, outFlags) }
        file.pointee.pMethods = nil
        guard disk.allows() else { return SQLITE_CANTOPEN }
        let code = system.pointee.xOpen(system, name, inner(file), flags, outFlags)
        guard code == SQLITE_OK else { return code }
        UnsafeMutableRawPointer(file).storeBytes(
            of: Head(base: sqlite3_file(pMethods: methods), disk: .passUnretained(disk), path: strdup(name)), as: Head.self)
        return SQLITE_OK
    }

    private static func inner(_ file: UnsafeMutablePointer<sqlite3_file>?) -> UnsafeMutablePointer<sqlite3_file> {
        (UnsafeMutableRawPointer(file!) + headBytes).assumingMemoryBound(to: sqlite3_file.self)
    }

    private static func head(_ file: UnsafeMutablePointer<sqlite3_file>?) -> Head { UnsafeRawPointer(file!).load(as: Head.self) }

    private static func real(_ file: UnsafeMutablePointer<sqlite3_file>?) -> sqlite3_io_methods { inner(file).pointee.pMethods.pointee }

    private static func allows(_ file: UnsafeMutablePointer<sqlite3_file>?) -> Bool { head(file).disk.takeUnretainedValue().allows() }

    private nonisolated(unsafe) static let methods: UnsafeMutablePointer<sqlite3_io_methods> = {
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        var own = sqlite3_io_methods()
        own.iVersion = 2
        own.xClose = { file in
            free(head(file).path)
            return real(file).xClose(inner(file))
        }
        own.xRead = { file, bytes, count, offset in
            allows(file) ? real(file).xRead(inner(file), bytes, count, offset) : SQLITE_IOERR
        }
        own.xWrite = { file, bytes, count, offset in write(file, bytes, count, offset) }
        own.xTruncate = { file, size in
            allows(file) ? real(file).xTruncate(inner(file), size) : SQLITE_IOERR
        }
        own.xSync = { file, flags in
            guard allows(file) else { return SQLITE_IOERR }
            // The real disk need not be waited for: what a loss of power leaves is decided here.
            head(file).disk.takeUnretainedValue().flushed(String(cString: head(file).path))
            return SQLITE_OK
        }
        own.xFileSize = { file, size in allows(file) ? real(file).xFileSize(inner(file), size) : SQLITE_IOERR }
        own.xLock = { real($0).xLock(inner($0), $1) }
        own.xUnlock = { real($0).xUnlock(inner($0), $1) }
        own.xCheckReservedLock = { real($0).xCheckReservedLock(inner($0), $1) }
        own.xFileControl = { real($0).xFileControl(inner($0), $1, $2) }
        own.xSectorSize = { real($0).xSectorSize(inner($0)) }
        own.xDeviceCharacteristics = { real($0).xDeviceCharacteristics(inner($0)) }
        own.xShmMap = { real($0).xShmMap(inner($0), $1, $2, $3, $4) }
        own.xShmLock = { real($0).xShmLock(inner($0), $1, $2, $3) }
        own.xShmBarrier = { real($0).xShmBarrier(inner($0)) }
        own.xShmUnmap = { real($0).xShmUnmap(inner($0), $1) }
        methods.initialize(to: own)
        return methods
    }()

    private static func write(
        _ file: UnsafeMutablePointer<sqlite3_file>?, _ bytes: UnsafeRawPointer?, _ count: Int32, _ offset: Int64
    ) -> Int32 {
        guard allows(file) else { return SQLITE_FULL }
        var size: Int64 = 0
        _ = real(file).xFileSize(inner(file), &size)
        // What stands there now, as far as the file reaches: only that can come back.
        var former = [UInt8](repeating: 0, count: Int(max(0, min(Int64(count), size - offset))))
        if !former.isEmpty { _ = former.withUnsafeMutableBytes { real(file).xRead(inner(file), $0.baseAddress, Int32($0.count), offset) } }
        head(file).disk.takeUnretainedValue().willWrite(
            String(cString: head(file).path), offset: offset, former: former, formerSize: size)
        return real(file).xWrite(inner(file), bytes, count, offset)
    }
}
