import Documents

/// A file that changes single members of another file's profile: `{ overlay: "shelly", silentAfterSeconds: 600 }`.
///
/// It is a JSON merge patch (RFC 7396): objects are merged member by member, null removes a member, and everything else replaces what was
/// there. A merge patch could only replace a list whole; here an item of `messages` and `replies` with a topic that the profile has, and one
/// of `alerts` with a pointer that it has, is merged with that item, and others are added.
struct ProfileOverlay {
    /// The profile that it changes.
    let target: String
    /// Where it says so.
    let position: SourcePosition
    /// The members to change, without those that are about the overlay itself.
    private let patch: DocumentNode
    /// What the overlay says that it replaces.
    private let written: DocumentNode?

    /// Nil for a file that is no overlay.
    init?(_ root: DocumentNode) {
        guard let node = root.member("overlay"), case .object(let members) = root.value else { return nil }
        target = node.text ?? ""
        position = node.position
        written = root.member("was")
        patch = DocumentNode(.object(members.filter { !["overlay", "was", "$schema"].contains($0.key) }), at: root.position)
    }

    /// What cannot be in an overlay.
    var mistakes: [(text: String, position: SourcePosition)] {
        var found: [(String, SourcePosition)] = []
        if target.isEmpty { found.append(("\"overlay\" is the name of the profile to change", position)) }
        if let written, case .object = written.value {
        } else if let written {
            found.append(("\"was\" must be an object: what the overlay replaces", written.position))
        }
        for key in ["profile", "extends"] {
            guard let member = patch.member(key) else { continue }
            found.append(("\"\(key)\" has no place in an overlay, which changes the profile \"\(target)\"", member.position))
        }
        return found
    }

    /// The profile with the overlay's changes. What is not changed stands where `overlay` stands, so that a mistake is told in the overlay.
    func applied(to profile: DocumentNode) -> DocumentNode { profile.standing(at: position).merged(with: patch, key: nil) }

    /// What the profile has in place of the overlay's members: an object of the same shape, null for what it has not.
    func replaced(in profile: DocumentNode) -> DocumentNode { profile.beneath(patch, key: nil) }

    /// How the profile differs from what the overlay says that it replaces: where, what was written, and what is there now. An empty list says
    /// that nothing changed; nil that the overlay says nothing of it.
    func changes(beneath profile: DocumentNode) -> [(path: String, was: String, now: String)]? {
        guard let written else { return nil }
        var found: [(path: String, was: String, now: String)] = []
        Self.compare(written, replaced(in: profile), "", &found)
        return found
    }

    /// Nothing and null are the same: the profile has no such member.
    private static func compare(
        _ was: DocumentNode?, _ now: DocumentNode?, _ path: String, _ found: inout [(path: String, was: String, now: String)]
    ) {
        if case .object(let before)? = was?.value, case .object(let after)? = now?.value {
            for key in before.map(\.key) + after.map(\.key).filter({ key in !before.contains { $0.key == key } }) {
                compare(was?.member(key), now?.member(key), path.isEmpty ? key : "\(path).\(key)", &found)
            }
            return
        }
        let (before, after) = (was?.plainJSON ?? "null", now?.plainJSON ?? "null")
        if before != after { found.append((path, before, after)) }
    }
}

extension DocumentNode {
    /// The member that tells the items of such a list apart.
    private static func identity(of list: String?) -> String? {
        switch list {
        case "messages", "replies": "topic"
        case "alerts": "pointer"
        default: nil
        }
    }

    private func item(like other: DocumentNode, by identity: String) -> Int? {
        guard let name = other.member(identity)?.text else { return nil }
        return items?.firstIndex { $0.member(identity)?.text == name }
    }

    /// `key` is the member of the profile that this is the value of; nil for the whole and for what lies deeper.
    fileprivate func merged(with patch: DocumentNode, key: String?) -> DocumentNode {
        if case .object(let changes) = patch.value {
            var members: [DocumentMember] = if case .object(let own) = value { own } else { [] }
            for change in changes {
                let index = members.firstIndex { $0.key == change.key }
                if change.node.value == .null {
                    if let index { members.remove(at: index) }
                } else if let index {
                    members[index].node = members[index].node.merged(with: change.node, key: change.key)
                    members[index].keyPosition = change.keyPosition
                } else {
                    members.append(change)
                }
            }
            return DocumentNode(.object(members), at: patch.position)
        }
        guard let identity = Self.identity(of: key), var items, let changes = patch.items else { return patch }
        for change in changes {
            if let index = item(like: change, by: identity) {
                items[index] = items[index].merged(with: change, key: nil)
            } else {
                items.append(change)
            }
        }
        return DocumentNode(.array(items), at: patch.position)
    }

    fileprivate func beneath(_ patch: DocumentNode, key: String?) -> DocumentNode {
        if case .object(let changes) = patch.value, case .object = value {
            let members = changes.map { change in
                let node = member(change.key)?.beneath(change.node, key: change.key) ?? DocumentNode(.null)
                return DocumentMember(key: change.key, keyPosition: change.keyPosition, node: node)
            }
            return DocumentNode(.object(members))
        }
        guard let identity = Self.identity(of: key), let items, let changes = patch.items else { return self }
        // By the name that tells the item, as a list would depend on the order.
        let members = changes.compactMap { change -> DocumentMember? in
            guard let index = item(like: change, by: identity), let name = change.member(identity)?.text,
                case .object(let parts) = change.value
            else { return nil }
            let others = DocumentNode(.object(parts.filter { $0.key != identity }))
            return DocumentMember(key: name, keyPosition: change.position, node: items[index].beneath(others, key: nil))
        }
        return DocumentNode(.object(members))
    }

    /// As JSON on one line.
    var plainJSON: String {
        var writer = JSONWriter()
        write(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The same value, every part of it at one place.
    func standing(at place: SourcePosition) -> DocumentNode {
        switch value {
        case .array(let items): DocumentNode(.array(items.map { $0.standing(at: place) }), at: place)
        case .object(let members): DocumentNode(.object(members.map { $0.standing(at: place) }), at: place)
        default: DocumentNode(value, at: place)
        }
    }
}

extension DocumentMember {
    /// The same member, its key and every part of its value at one place.
    func standing(at place: SourcePosition) -> DocumentMember {
        DocumentMember(key: key, keyPosition: place, node: node.standing(at: place))
    }
}
