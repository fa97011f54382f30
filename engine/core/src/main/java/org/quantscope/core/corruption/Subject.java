package org.quantscope.core.corruption;

/** What a sample is to a corruption. Published severities differ with the size of pictures. */
public enum Subject {
    /** A picture whose shorter side has at most {@value #SMALL} pixels: severities as in CIFAR-10-C. */
    SMALL_PICTURE("small pictures"),
    /** A larger picture: severities as in ImageNet-C. */
    PICTURE("pictures"),
    /** Features that are no picture; amounts count in standard deviations of each feature. */
    VECTOR("vectors");

    /** The longest shorter side of a small picture, in pixels. */
    public static final int SMALL = 64;

    private final String title;

    Subject(String title) {
        this.title = title;
    }

    /** For people: {@code small pictures}. */
    public String title() {
        return title;
    }

    /** What a picture of this size is. */
    public static Subject ofPicture(int height, int width) {
        return Math.min(height, width) <= SMALL ? SMALL_PICTURE : PICTURE;
    }
}
