extension StatusPage {
    /// All there is of style: public, so that a Content-Security-Policy may name it by its hash.
    public static let styleSheet = """
        :root{--ground:#f5f6f8;--card:#fff;--text:#1b2028;--quiet:#5b6572;--line:#dfe3e8;\
        --good:#156c35;--good-ground:#dcf3e3;--fair:#7a4f00;--fair-ground:#fdeec7;--poor:#9a3a06;--poor-ground:#ffe3d1;\
        --bad:#a81620;--bad-ground:#fde0e1;--neutral:#3d4753;--neutral-ground:#e8ebef;--bar-good:#2f9e58;--bar-fair:#d99a10;--bar-bad:#d3323c}
        @media (prefers-color-scheme:dark){:root{--ground:#12151a;--card:#1b2027;--text:#e6e9ee;--quiet:#9aa5b2;--line:#2d343d;\
        --good:#8be0a7;--good-ground:#173a24;--fair:#f3cd72;--fair-ground:#41310b;--poor:#ffb184;--poor-ground:#4a260f;\
        --bad:#ff9ba0;--bad-ground:#501a1e;--neutral:#c3cbd5;--neutral-ground:#2b323b;--bar-good:#3fb56b;--bar-fair:#dba323;--bar-bad:#e5525a}}
        *{box-sizing:border-box}
        body{margin:0 auto;padding:1.25rem;max-width:80rem;background:var(--ground);color:var(--text);\
        font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
        h1{margin:0;font-size:1.5rem;overflow-wrap:anywhere}
        h2{margin:1.75rem 0 .5rem;font-size:1.05rem}
        header p{margin:.4rem 0 1rem;display:flex;flex-wrap:wrap;gap:.35rem 1rem;align-items:center;color:var(--quiet)}
        footer{margin-top:2rem;color:var(--quiet);font-size:.85rem}
        a{color:inherit}
        .headline{margin:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(8rem,1fr));gap:.6rem}
        .headline div{padding:.6rem .8rem;border-radius:.5rem;background:var(--card);border:1px solid var(--line);\
        display:flex;flex-direction:column-reverse;justify-content:flex-end}
        .headline .wide{grid-column:span 2}
        .headline dt{color:var(--quiet);font-size:.85rem}
        .headline dd{margin:0;font-size:1.6rem;line-height:1.25;font-weight:600;font-variant-numeric:tabular-nums}
        .headline small{font-size:.85rem;font-weight:400;color:var(--quiet)}
        .headline .bad dd{color:var(--bad)}.headline .fair dd{color:var(--fair)}
        table{width:100%;border-collapse:separate;border-spacing:0;background:var(--card);border:1px solid var(--line);border-radius:.5rem}
        th,td{padding:.5rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
        tbody tr:last-child td{border-bottom:0}
        th{color:var(--quiet);font-size:.8rem;font-weight:600;white-space:nowrap}
        td{overflow-wrap:anywhere}
        time,.number{white-space:nowrap;font-variant-numeric:tabular-nums}
        .quiet,.empty{color:var(--quiet)}
        .empty{margin:0 0 .5rem;padding:.8rem;background:var(--card);border:1px dashed var(--line);border-radius:.5rem}
        table+.empty{margin-top:.5rem}
        .badge{display:inline-block;padding:.05rem .5rem;border-radius:.7rem;font-size:.85rem;font-weight:600;overflow-wrap:anywhere;\
        color:var(--neutral);background:var(--neutral-ground)}
        td .badge{white-space:nowrap}
        .badge.good{color:var(--good);background:var(--good-ground)}.badge.fair{color:var(--fair);background:var(--fair-ground)}
        .badge.poor{color:var(--poor);background:var(--poor-ground)}.badge.bad{color:var(--bad);background:var(--bad-ground)}
        .supplies{margin:0;padding:0;list-style:none;display:grid;gap:.15rem}
        .supplies li{display:grid;grid-template-columns:4.5rem 5rem 3.2rem minmax(0,1fr);gap:.5rem}
        .supplies .number{text-align:right}.supplies .days .number{text-align:left}
        .bar{width:5rem;height:.55rem;border-radius:.3rem}
        .bar .ground{fill:var(--neutral-ground)}.bar .fill{fill:var(--bar-good)}
        .bar.fair .fill{fill:var(--bar-fair)}.bar.bad .fill{fill:var(--bar-bad)}
        .supplies li>.quiet{grid-column:2/4}
        .supplies .bar{align-self:start;margin-top:.45rem}
        details summary{cursor:pointer;padding:.3rem 0}
        form{display:grid;gap:.5rem;max-width:22rem;padding:.3rem 0 .6rem}
        label{display:grid;gap:.15rem;color:var(--quiet);font-size:.85rem}
        input,button{font:inherit;padding:.45rem .6rem;border:1px solid var(--quiet);border-radius:.35rem;\
        color:var(--text);background:var(--ground)}
        button{cursor:pointer;font-weight:600;color:var(--neutral);background:var(--neutral-ground)}
        @media (max-width:46rem){body{padding:.8rem}
        table,tbody,tr,td{display:block}
        thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
        table{background:none;border:0}
        tr{margin-bottom:.6rem;padding:.35rem 0;background:var(--card);border:1px solid var(--line);border-radius:.5rem}
        td{display:grid;grid-template-columns:5.5rem minmax(0,1fr);gap:.6rem;padding:.25rem .8rem;border:0}
        td::before{content:attr(data-label);color:var(--quiet);font-size:.85rem}
        .headline{grid-template-columns:repeat(auto-fill,minmax(6.5rem,1fr))}
        td[data-label=Supplies]{grid-template-columns:minmax(0,1fr);gap:.2rem}
        .supplies li{grid-template-columns:4.6rem 3rem 2.8rem minmax(0,1fr);gap:.4rem}
        .bar{width:3rem}}
        """
}
