import Foundation
import Logging
import Mustache

/// The pages as HTML, from the templates of `web/templates`, which are read once.
///
/// A template may show a value of the model by `{{name}}`, escaped; a name that the innermost part of the model lacks is looked up in the parts
/// around it, and `{{.name}}` is not. Values that are HTML already (`{{{name}}}`) are those that other templates or `SVG` have made.
public struct WebPages: Sendable {
    private let library: MustacheLibrary
    /// Of the program, which makes the addresses of its assets new with each version.
    private let version: String

    /// - Parameters:
    ///   - shareDirectory: the folder that holds `web/`.
    ///   - version: the program's.
    /// - Throws: `WebError` that names the template that is missing or malformed.
    public init(shareDirectory: URL, version: String = "") throws(WebError) {
        self.version = version
        MustacheContentTypes.register(EscapedHTML(), named: EscapedHTML.name)
        let folder = shareDirectory.appending(path: "web/templates", directoryHint: .isDirectory)
        var library = MustacheLibrary()
        var partials: [(file: String, name: String)] = []
        for (name, file) in try Self.files(in: folder) {
            let text: String
            do { text = try String(contentsOf: file, encoding: .utf8) } catch { throw WebError.unreadable(file.path) }
            do {
                // On the first line, so that the line numbers of errors hold.
                library.register(try MustacheTemplate(string: EscapedHTML.pragma + text), named: name)
            } catch { throw WebError.malformed(file.path, error) }
            partials += Self.partials(in: text).map { (file.path, $0) }
        }
        for template in WebTemplate.allCases where library.getTemplate(named: template.rawValue) == nil {
            throw WebError.missing("\(folder.path)/\(template.rawValue).mustache")
        }
        for (file, name) in partials where library.getTemplate(named: name) == nil { throw WebError.partialMissing(file, name) }
        self.library = library
    }

    /// A part of a page, without its frame.
    ///
    /// - Parameter model: a struct or a dictionary whose members the template names.
    public func part(_ template: WebTemplate, _ model: Any) -> String {
        library.render(model, withTemplate: template.rawValue) ?? ""
    }

    /// A whole page.
    public func page(_ template: WebTemplate, _ model: Any, in frame: WebFrame) -> String {
        part(.layout, Layout(frame: frame, version: version, body: part(template, model)))
    }

    private struct Layout {
        let frame: WebFrame
        let version: String
        let body: String
    }

    // MARK: Reading

    /// The templates with their names: paths below the folder without their ending.
    private static func files(in folder: URL) throws(WebError) -> [(name: String, file: URL)] {
        guard let inside = FileManager.default.enumerator(atPath: folder.path) else { throw WebError.missing(folder.path) }
        var found: [(name: String, file: URL)] = []
        while let path = inside.nextObject() as? String {
            guard path.hasSuffix(".mustache") else { continue }
            found.append((String(path.dropLast(".mustache".count)), folder.appending(path: path)))
        }
        return found.sorted { $0.name < $1.name }
    }

    /// The templates that a text names.
    private static func partials(in text: String) -> [String] {
        text.matches(of: #/\{\{\s*[><]\s*([A-Za-z0-9_\/-]+)/#).map { String($0.1) }
    }
}

/// The templates that the program names; others are parts of these.
public enum WebTemplate: String, CaseIterable, Sendable {
    /// What is around each page.
    case layout
    /// A sentence and perhaps a way on.
    case message
    /// The button that uses a link.
    case enter
    /// The form for a token.
    case signIn = "sign-in"
    /// The bar above a page's content.
    case bar
    /// The operator's overview, and its parts that events replace.
    case adminOverview = "admin/overview"
    case adminHead = "admin/head"
    case adminPause = "admin/pause"
    case adminFigures = "admin/figures"
    case adminAttention = "admin/attention"
    case adminQuota = "admin/quota"
    case adminHistory = "admin/history"
    case adminWork = "admin/work"
    case adminWaiting = "admin/waiting"
    case adminLag = "admin/lag"
    case adminErrors = "admin/errors"
    case adminAthletes = "admin/athletes"
    case adminConnect = "admin/connect"
    case adminExplain = "admin/explain"
    /// The pages of an athlete.
    case athleteOverview = "athlete/overview"
    case athleteActivities = "athlete/activities"
    case athleteActivity = "athlete/activity"
    case athleteAccount = "athlete/account"
    case athletePart = "athlete/part"
    /// Their cards, which also come one by one.
    case cardFitness = "athlete/card-fitness"
    case cardLatest = "athlete/card-latest"
    case cardVolume = "athlete/card-volume"
    case cardCurves = "athlete/card-curves"
    case cardZones = "athlete/card-zones"
    case cardRecords = "athlete/card-records"
    case cardCalendar = "athlete/card-calendar"
    case cardGear = "athlete/card-gear"
    case cardMap = "athlete/card-map"
    case cardActivities = "athlete/card-activities"
    case cardEfforts = "athlete/card-efforts"
    case cardSimilar = "athlete/card-similar"
}

/// What is around a page, for `layout.mustache`.
public struct WebFrame: Sendable {
    /// A link of the navigation.
    public struct Link: Sendable {
        public let label: String
        public let address: String
        public let isCurrent: Bool

        public init(_ label: String, _ address: String, isCurrent: Bool = false) {
            self.label = label
            self.address = address
            self.isCurrent = isCurrent
        }
    }

    /// The bar above a page's content: at most one, of what weighs most.
    public struct Bar: Sendable {
        public enum Kind: String, Sendable {
            case info = ""
            case warn, bad
        }

        public let kind: String
        public let strong: String
        public let text: String
        /// A link that mends it; nil: there is none.
        public let link: Link?
        /// Said at once by a screen reader.
        let isUrgent: Bool

        public init(_ kind: Kind, strong: String, text: String, link: Link? = nil) {
            self.kind = kind.rawValue
            self.strong = strong
            self.text = text
            self.link = link
            isUrgent = kind == .bad
        }
    }

    /// A form with one button in the top bar, such as "Sign out".
    public struct Button: Sendable {
        public let label: String
        public let action: String
        /// The form's token.
        public let csrf: String

        public init(_ label: String, action: String, csrf: String) {
            self.label = label
            self.action = action
            self.csrf = csrf
        }
    }

    public let title: String
    /// Where the name of the product leads.
    public let home: String
    public let nav: [Link]
    public let bar: Bar?
    /// Names of style sheets besides `style.css`. An athlete's first view has none: `more.css` comes with the first card that needs it.
    public let styles: [String]
    /// Names of assets, in the order in which they run.
    public let scripts: [String]
    public let button: Button?
    /// Sentences at the end of the page.
    public let foot: [String]
    public let footLinks: [Link]

    public init(
        title: String, home: String, nav: [Link] = [], bar: Bar? = nil, styles: [String] = [WebAssets.moreStyle], scripts: [String] = [],
        button: Button? = nil, foot: [String] = [], footLinks: [Link] = []
    ) {
        self.title = title
        self.home = home
        self.nav = nav
        self.bar = bar
        self.styles = styles
        self.scripts = scripts
        self.button = button
        self.foot = foot
        self.footLinks = footLinks
    }
}

/// Escapes by bytes. The library's own escapes by characters as people see them, and lets a quotation mark pass to which a combining sign is
/// attached, which ends an attribute all the same.
private struct EscapedHTML: MustacheContentType {
    static let name = "ESCAPED"
    static let pragma = "{{% CONTENT_TYPE: \(name)}}"

    func escapeText(_ text: String) -> String {
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): escaped += "&amp;".utf8
            case UInt8(ascii: "<"): escaped += "&lt;".utf8
            case UInt8(ascii: ">"): escaped += "&gt;".utf8
            case UInt8(ascii: "\""): escaped += "&quot;".utf8
            case UInt8(ascii: "'"): escaped += "&#39;".utf8
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
