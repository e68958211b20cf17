import Hummingbird

/// The one style sheet of all pages. It is a resource of its own, so that the security policy needs no exception for inline styles.
enum StyleSheet {
    static let text = """
        :root { color-scheme: light dark; --line: #8884; --accent: #c2410c; }
        body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
        h1 { font-size: 1.5rem; }
        h2 { font-size: 1.1rem; margin-top: 2rem; }
        a { color: var(--accent); }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
        td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
        .hint { opacity: .75; }

        """

    static var response: Response {
        Response(
            status: .ok, headers: [.contentType: "text/css; charset=utf-8"], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
