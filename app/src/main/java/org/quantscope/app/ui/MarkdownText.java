package org.quantscope.app.ui;

import java.util.ArrayList;
import java.util.List;
import javafx.scene.Node;
import javafx.scene.layout.VBox;
import javafx.scene.text.Text;
import javafx.scene.text.TextFlow;
import org.commonmark.node.Code;
import org.commonmark.node.Emphasis;
import org.commonmark.node.FencedCodeBlock;
import org.commonmark.node.HardLineBreak;
import org.commonmark.node.ListBlock;
import org.commonmark.node.SoftLineBreak;
import org.commonmark.node.StrongEmphasis;
import org.commonmark.parser.Parser;

/** Paragraphs, lists, emphasis and code of a Markdown text as text that wraps. Links and pictures are shown as their words. */
public final class MarkdownText extends VBox {
    private static final double GAP = 8;
    private static final Parser PARSER = Parser.builder().build();

    private String shown = "";

    public MarkdownText() {
        super(GAP);
        getStyleClass().add("markdown");
    }

    /** Shows a text in place of the former one. */
    public void setText(String markdown) {
        if (markdown.equals(shown)) {
            return;
        }
        shown = markdown;
        getChildren().setAll(blocks(PARSER.parse(markdown), ""));
        setAccessibleText(markdown);
    }

    private static List<Node> blocks(org.commonmark.node.Node parent, String mark) {
        List<Node> blocks = new ArrayList<>();
        for (org.commonmark.node.Node block = parent.getFirstChild(); block != null; block = block.getNext()) {
            if (block instanceof ListBlock list) {
                for (org.commonmark.node.Node item = list.getFirstChild(); item != null; item = item.getNext()) {
                    blocks.addAll(blocks(item, "•  "));
                }
            } else if (block instanceof FencedCodeBlock code) {
                blocks.add(new TextFlow(text(code.getLiteral().stripTrailing(), List.of("number"))));
            } else {
                TextFlow flow = new TextFlow();
                if (!mark.isEmpty()) {
                    flow.getChildren().add(text(mark, List.of()));
                }
                inline(block, List.of(), flow);
                blocks.add(flow);
            }
        }
        return blocks;
    }

    private static void inline(org.commonmark.node.Node parent, List<String> styles, TextFlow into) {
        for (org.commonmark.node.Node part = parent.getFirstChild(); part != null; part = part.getNext()) {
            switch (part) {
                case org.commonmark.node.Text text -> into.getChildren().add(text(text.getLiteral(), styles));
                case Code code -> into.getChildren().add(text(code.getLiteral(), plus(styles, "number")));
                case SoftLineBreak _ -> into.getChildren().add(text(" ", styles));
                case HardLineBreak _ -> into.getChildren().add(text("\n", styles));
                case Emphasis _, StrongEmphasis _ -> inline(part, plus(styles, "strong"), into);
                default -> inline(part, styles, into);
            }
        }
    }

    private static List<String> plus(List<String> styles, String one) {
        List<String> all = new ArrayList<>(styles);
        all.add(one);
        return all;
    }

    private static Text text(String content, List<String> styles) {
        Text text = new Text(content);
        text.getStyleClass().addAll(styles);
        return text;
    }
}
