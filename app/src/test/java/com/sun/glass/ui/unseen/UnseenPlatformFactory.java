package com.sun.glass.ui.unseen;

import com.sun.glass.ui.Application;
import com.sun.glass.ui.Pixels;
import com.sun.glass.ui.View;
import com.sun.glass.ui.headless.HeadlessApplication;
import com.sun.glass.ui.headless.HeadlessPlatformFactory;
import com.sun.glass.ui.headless.HeadlessView;

/**
 * JavaFX's headless platform without a screen: the scene is painted as ever, but the picture is not copied to a screen that nobody looks at.
 * JavaFX 26 copies it pixel by pixel through a new buffer for each, which was two fifths of the processor time of tests with a window. A test
 * that looks at pixels takes a snapshot.
 *
 * <p>JavaFX finds this class by its name: {@code -Dglass.platform=Unseen}.
 */
public final class UnseenPlatformFactory extends HeadlessPlatformFactory {
    @Override
    public Application createApplication() {
        return new HeadlessApplication() {
            @Override
            public View createView() {
                return new HeadlessView() {
                    @Override
                    protected void _uploadPixels(long view, Pixels picture) {
                        // Seen by nobody.
                    }
                };
            }
        };
    }
}
