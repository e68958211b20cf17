import Hummingbird

/// A page with its status.
struct HTMLPage: Sendable {
    let status: HTTPResponse.Status
    let title: String
    let body: HTML
    /// A sign above the title, for the eye only.
    enum Mark: Sendable {
        /// A tick: it is done.
        case done
        /// A question mark: the person has to decide.
        case question
        /// An exclamation mark: something went another way.
        case notice

        fileprivate var html: HTML {
            switch self {
            case .done: Self.sign("ok", "M4 12.5 9.5 18 20 6.5")
            case .question: Self.sign("warn", "M8 8.5a4 4 0 1 1 5.6 3.7c-1 .5-1.6 1.2-1.6 2.3M12 19.5v.01")
            case .notice: Self.sign("warn", "M12 4v10.5M12 19.5v.01")
            }
        }

        private static func sign(_ kind: String, _ path: String) -> HTML {
            "<svg class=\"mark \(kind)\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path d=\"\(path)\"/></svg>"
        }
    }

    let mark: Mark?
    /// The origins that the page's forms may lead to; empty: it has no form.
    let formTargets: [String]

    init(_ status: HTTPResponse.Status = .ok, title: String, mark: Mark? = nil, body: HTML, formTargets: [String] = []) {
        self.status = status
        self.title = title
        self.mark = mark
        self.body = body
        self.formTargets = formTargets
    }

    var response: Response {
        let document: HTML = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title)</title>
            <link rel="stylesheet" href="/style.css">
            </head>
            <body>
            <main>
            \(mark?.html ?? "")
            <h1>\(title)</h1>
            \(body)
            </main>
            </body>
            </html>

            """
        return Response(
            status: status,
            headers: [
                .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: SecurityHeaders.policy(formTargets: formTargets),
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: document.text)))
    }
}

/// A piece of HTML. Interpolated text is escaped, interpolated HTML is not.
struct HTML: ExpressibleByStringInterpolation, Sendable {
    let text: String

    init(stringLiteral value: String) { text = value }
    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }
    private init(raw: String) { text = raw }

    /// The pieces one after the other.
    static func joined(_ pieces: [HTML]) -> HTML { HTML(raw: pieces.map(\.text).joined()) }

    struct StringInterpolation: StringInterpolationProtocol {
        var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }
        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ piece: HTML) { text += piece.text }
        mutating func appendInterpolation(_ value: String) { for character in value.unicodeScalars { append(character) } }
        mutating func appendInterpolation(_ value: Int) { text += String(value) }

        private mutating func append(_ character: Unicode.Scalar) {
            switch character {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            default: text.unicodeScalars.append(character)
            }
        }
    }
}

/// The style sheet of all pages: a resource of its own, so that the security policy needs no exception for inline styles.
///
/// Text has a contrast of at least 4.5:1 (WCAG 2.2, 1.4.3), in light and in dark mode.
enum StyleSheet {
    private static let text = """
        :root {
          color-scheme: light dark;
          --bg: #f5f6f8; --surface: #ffffff; --sunken: #eef0f4; --line: #e0e4ea; --edge: #858e9c;
          --text: #12161d; --text-2: #4a5260; --accent: #2357d6; --on-accent: #ffffff;
          --ok: #146c45; --ok-bg: #e2f4ea; --warn: #875300; --warn-bg: #fff1d3;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --bg: #0d1015; --surface: #151920; --sunken: #1e242d; --line: #29303b; --edge: #6b7685;
            --text: #eef1f5; --text-2: #b3bbc8; --accent: #8db1ff; --on-accent: #0d1015;
            --ok: #62d39c; --ok-bg: #11291e; --warn: #f0bb58; --warn-bg: #2d2412;
          }
        }
        *, *::before, *::after { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; }
        body { margin: 0; background: var(--bg); color: var(--text); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
        main {
          max-width: 40rem; margin: 3rem auto; padding: 1.5rem; background: var(--surface);
          border: 1px solid var(--line); border-radius: 12px;
        }
        h1 { margin: 0 0 1rem; font-size: 1.375rem; line-height: 1.25; font-weight: 650; overflow-wrap: anywhere; }
        h2 { margin: 1.5rem 0 .5rem; font-size: 1.0625rem; line-height: 1.3; font-weight: 620; }
        p, ul { margin: 0 0 1rem; overflow-wrap: anywhere; }
        ul { padding-left: 1.25rem; }
        main > :last-child { margin-bottom: 0; }
        a { color: var(--accent); text-underline-offset: 3px; }
        a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
        .button {
          display: inline-flex; align-items: center; justify-content: center; min-height: 48px; padding: .5rem 1.25rem;
          border: 1px solid transparent; border-radius: 7px; background: var(--accent); color: var(--on-accent);
          font: inherit; font-weight: 600; text-align: center; text-decoration: none; overflow-wrap: anywhere; cursor: pointer;
        }
        .button:hover { text-decoration: underline; }
        .button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        .button.plain { border-color: var(--edge); background: transparent; color: var(--text); }
        /* Strava's orange with white has 3.3:1; dark text on it has 5.5:1. */
        .button.strava { background: #fc5200; color: #12161d; }
        form { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0; }
        .lead { font-size: 1.0625rem; }
        .reads { margin: 0 0 1rem; padding: 0; list-style: none; border-bottom: 1px solid var(--line); }
        .reads li { padding: .5rem 0; border-top: 1px solid var(--line); }
        .reads span { display: block; color: var(--text-2); font-size: .9375rem; line-height: 1.4; }
        .mark { display: block; width: 40px; height: 40px; margin: 0 0 .75rem; padding: 9px; border-radius: 50%; }
        .mark path { fill: none; stroke: currentColor; stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }
        .mark.ok { color: var(--ok); background: var(--ok-bg); }
        .mark.warn { color: var(--warn); background: var(--warn-bg); }
        code { padding: .1em .3em; border-radius: 4px; background: var(--sunken); font: .875em/1.4 ui-monospace, "SF Mono", monospace; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); }
        th { color: var(--text-2); font-weight: 550; }
        td.number, th.number { text-align: right; padding: .35rem 0 .35rem .6rem; font-variant-numeric: tabular-nums; }
        .hint { color: var(--text-2); font-size: .875rem; }
        @media (max-width: 44rem) {
          main { margin: 0; min-height: 100vh; padding: 1.25rem; border: 0; border-radius: 0; }
          .button { width: 100%; }
        }

        """

    static var response: Response {
        Response(
            status: .ok, headers: [.contentType: "text/css; charset=utf-8"], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
