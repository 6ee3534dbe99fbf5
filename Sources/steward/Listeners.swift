import FoundationEssentials
import Glibc

/// Who listens on this machine, as the kernel tells it.
enum Listeners {
    private static let listening: Substring = "0A"

    /// The users whose programs listen on a TCP port; empty when nobody does.
    static func users(port: UInt16) -> Set<UInt32> {
        let digits = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: 4 - digits.count) + digits
        var users: Set<UInt32> = []
        for file in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
            guard let data = try? Data(contentsOf: URL(filePath: file)) else { continue }
            // sl, local address, remote address, state, queues, timer, retransmissions, uid, …
            for line in String(decoding: data, as: UTF8.self).split(separator: "\n").dropFirst() {
                let words = line.split(separator: " ")
                guard words.count > 7, words[1].hasSuffix(suffix), words[3] == listening, let user = UInt32(words[7]) else { continue }
                users.insert(user)
            }
        }
        return users
    }
}
